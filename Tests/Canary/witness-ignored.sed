# file: Sources/Ledger/LedgerOpening.swift
# What the projections have seen is not compared with the ledger's end.
s/guard witness > published\.end else/guard witness.rawValue == UInt64.max else/
