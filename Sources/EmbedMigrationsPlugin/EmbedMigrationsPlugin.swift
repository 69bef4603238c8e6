import Foundation
import PackagePlugin

/// Embeds folders of `migrations/` into the target that owns them, as `EmbeddedMigrations`; built
/// again whenever one of its files changes.
@main
struct EmbedMigrationsPlugin: BuildToolPlugin {
    /// Which target gets which folders of `migrations/`.
    private static let folders = [
        "Projection": ["projection"],
        "ConnectorSQLite": ["target/sqlite"],
        "ConnectorPostgres": ["target/postgresql"],
        "ConnectorMySQL": ["target/mysql"],
        "ConnectorODBC": ["target/mssql", "target/oracle"],
        "ConnectorClickHouse": ["target/clickhouse"],
    ]

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let folders = Self.folders[target.name] else {
            Diagnostics.error("no folder of migrations/ is known for the target \(target.name)")
            return []
        }
        let files = try folders.flatMap { folder in
            let directory = context.package.directoryURL.appending(path: "migrations/\(folder)")
            return try FileManager.default
                .contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "sql" }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedMigrations.swift")
        return [
            .buildCommand(
                displayName: "Embedding migrations/ (\(folders.joined(separator: ", ")))",
                executable: try context.tool(named: "embed-migrations").url,
                arguments: [output.path] + files.map(\.path),
                inputFiles: files,
                outputFiles: [output])
        ]
    }
}
