/// The module map: which row a target stands in. A target imports only rows above its own.
///
/// docs/ARCHITECTURE.md shows the same map; a test compares them.
enum ModuleRows {
    enum Place: Equatable {
        case row(Int)
        /// Runs while the package is built; nothing of ours imports it, it imports nothing of ours.
        case tool
    }

    static let rows: [String: Place] = [
        "CLZ4": .row(0), "CLibPQ": .row(0), "CMariaDB": .row(0), "CODBC": .row(0),
        "CRoaring": .row(0), "CChecksum": .row(0), "CPrefetch": .row(0),
        "SegmentModel": .row(1),
        "EventJSON": .row(2), "SQLTemplate": .row(2), "StorageIO": .row(2), "FrameCodec": .row(2),
        "MerkleTree": .row(2),
        "Ledger": .row(3), "Connector": .row(3), "OperatorConfiguration": .row(3),
        "Projection": .row(4),
        "ConnectorSQLite": .row(5), "ConnectorPostgres": .row(5), "ConnectorMySQL": .row(5),
        "ConnectorODBC": .row(5),
        "ConnectorClickHouse": .row(5),
        "Sync": .row(6), "QueryLab": .row(6), "Audit": .row(6), "Recovery": .row(6),
        "CommandLineInterface": .row(7),
        "segledger": .row(8),
        "EmbedMigrations": .tool, "EmbedMigrationsPlugin": .tool,
    ]

    /// Modules of the system and the toolchain that any target may import.
    static let systemModules: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
    ]

    /// Signals reach a process through Dispatch; only the command line handles them.
    static let signalTargets: Set<String> = ["CommandLineInterface"]

    /// Modules that only build tools may import.
    static let toolModules: Set<String> = ["PackagePlugin"]

    /// Imports of a file that the manifest or the rows forbid.
    static func findings(in file: SourceFile, manifest: Manifest) -> [String] {
        guard let place = rows[file.target] else {
            return ["\(file.path): \(file.target) is not in ModuleRows.rows: give it a row"]
        }
        let declared = manifest.dependencies[file.target] ?? []
        return file.codeLines.indices.compactMap { index in
            guard let module = importedModule(file.codeLines[index]),
                let reason = fault(
                    importing: module, from: file.target, at: place, declared: declared)
            else { return nil }
            return "\(file.place(index)): import \(module): \(reason)"
        }
    }

    /// Dependencies that the manifest declares for a target and that no file of it imports. A tool
    /// that runs while the target is built is not imported.
    static func unused(in manifest: Manifest, files: [SourceFile]) -> [String] {
        var imported: [String: Set<String>] = [:]
        for file in files {
            imported[file.target, default: []].formUnion(file.codeLines.compactMap(importedModule))
        }
        return manifest.dependencies.sorted { $0.key < $1.key }.flatMap { target, declared in
            guard case .row = rows[target], let used = imported[target] else { return [String]() }
            return declared.subtracting(used).sorted().map {
                "\(target) declares \($0) in Package.swift, and no file of it imports it"
            }
        }
    }

    private static func importedModule(_ line: String) -> String? {
        guard line.has("import") else { return nil }
        let attributes = /\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:private|internal|package|public)\s+)?/
        let kinds = /(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?/
        guard let start = line.prefixMatch(of: attributes)?.range.upperBound,
            let word = line[start...].prefixMatch(of: /import\s+/)?.range.upperBound,
            let kind = line[word...].prefixMatch(of: kinds)?.range.upperBound,
            let name = line[kind...].prefixMatch(of: /\w+/)
        else { return nil }
        return String(name.output)
    }

    private static func fault(
        importing module: String, from target: String, at place: Place, declared: Set<String>
    ) -> String? {
        if systemModules.contains(module) { return nil }
        if module == "Dispatch", signalTargets.contains(target) { return nil }
        if place == .tool, toolModules.contains(module) { return nil }
        guard declared.contains(module) else {
            return "\(target) does not declare it in Package.swift"
        }
        guard let importedPlace = rows[module] else { return nil }
        guard case .row(let row) = place, case .row(let importedRow) = importedPlace else {
            return "build tools and modules do not import each other"
        }
        if importedRow < row { return nil }
        return "\(target) is in row \(row), \(module) in row \(importedRow): "
            + "move what both need to a row above"
    }
}
