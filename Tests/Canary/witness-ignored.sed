# file: Sources/Ledger/LedgerOpening.swift
# What the projections have seen is not compared with the ledger's end.
s/^( +witness) > published\.end$/\1.rawValue == UInt64.max/
