# file: Sources/Ledger/LedgerShared.swift
# After a failed write or sync the writer goes on.
s/^( +)queue\.poison = queue\.poison \?\? failure$/\1_ = queue.poison/
