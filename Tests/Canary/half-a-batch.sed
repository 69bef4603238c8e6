# file: Sources/Ledger/ChunkScan.swift
# A batch whose last frame is torn off is taken for a whole one.
s/^( +if found\.isContinued) \{ continue \}/\1, found.kind != .data { continue }/
