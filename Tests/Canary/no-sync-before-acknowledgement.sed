# file: Sources/Ledger/ChunkFile.swift
# A frame is acknowledged as soon as it is written.
/mutating func append\(_ bytes/,/^    \}/ s/^ +try handle\.file\.sync\(\)$//
