# file: Sources/Ledger/ChunkScan.swift
# Bytes that fail are called torn without a look at what stands behind them.
s/^( +while ahead) \+ FrameHeader\.byteCount <= bytes\.count \{/\1 < 0 {/
