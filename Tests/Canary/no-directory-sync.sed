# file: Sources/Ledger/ManifestFile.swift
# The manifest's new name may be lost.
s/^ +try fileSystem\.syncDirectory\(directory\)$//
