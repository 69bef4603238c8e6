import Foundation
import PackagePlugin

/// Embeds a folder of `migrations/` into the target that owns it, as `EmbeddedMigrations`; built
/// again whenever one of its files changes.
@main
struct EmbedMigrationsPlugin: BuildToolPlugin {
    /// Which target gets which folder of `migrations/`.
    private static let folders = [
        "Projection": "projection",
        "ConnectorSQLite": "target/sqlite",
        "ConnectorPostgres": "target/postgresql",
        "ConnectorMySQL": "target/mysql",
        "ConnectorClickHouse": "target/clickhouse",
    ]

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let folder = Self.folders[target.name] else {
            Diagnostics.error("no folder of migrations/ is known for the target \(target.name)")
            return []
        }
        let directory = context.package.directoryURL.appending(path: "migrations/\(folder)")
        let files = try FileManager.default
            .contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedMigrations.swift")
        return [
            .buildCommand(
                displayName: "Embedding migrations/\(folder)",
                executable: try context.tool(named: "embed-migrations").url,
                arguments: [output.path] + files.map(\.path),
                inputFiles: files,
                outputFiles: [output])
        ]
    }
}
