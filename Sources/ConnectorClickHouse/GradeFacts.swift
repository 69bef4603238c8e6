internal import Connector
internal import SQLTemplate

/// What tables do with a block that comes twice. Sources:
/// https://clickhouse.com/docs/guides/developer/deduplicating-inserts-on-retries and
/// https://clickhouse.com/docs/operations/settings/merge-tree-settings
extension ClickHouseConnection {
    func gradeFacts(of tables: GradeFacts.Tables) async throws -> GradeFacts {
        try exchange.beginCall()
        return GradeFacts(repeats: try await repeatedBlocks(into: tables.inserted))
    }

    private func repeatedBlocks(
        into tables: [[QueryStatement.Name]]
    ) async throws -> [RepeatedBlocks] {
        guard !tables.isEmpty else { return [] }
        let defaults = try await windowDefaults()
        var answers: [RepeatedBlocks] = []
        for name in tables {
            let title = name.map(\.text).joined(separator: ".")
            let database =
                name.count > 1
                ? ClickHouseDialect.literal(name[name.count - 2].text) : "currentDatabase()"
            let table = try await ask(
                """
                SELECT engine, engine_full FROM system.tables WHERE database = \(database)
                    AND name = \(ClickHouseDialect.literal(name.last?.text ?? ""))
                """
            ).first
            guard let table, let engine = table[0] else {
                answers.append(
                    .kept(
                        reason: "the database has no table \(title)",
                        hint: "create it, or name it with its database"))
                continue
            }
            let rules = EngineRules(
                engine: engine, definition: table[1] ?? "", defaults: defaults,
                knowsTokens: exchange.settings.knowsTokens)
            answers.append(rules.repeatedBlocks(into: title))
        }
        return answers
    }

    /// The server's own values of the two settings.
    private func windowDefaults() async throws(TargetFailure) -> [String: String] {
        let settings = ["replicated_deduplication_window", "non_replicated_deduplication_window"]
        let list = settings.map { "'\($0)'" }.joined(separator: ", ")
        let question =
            "SELECT name, value FROM system.merge_tree_settings WHERE name IN (\(list))"
        var defaults: [String: String] = [:]
        do throws(TargetFailure) {
            for row in try await ask(question) {
                if let name = row[0], let value = row[1] { defaults[name] = value }
            }
        } catch {
            guard error.isRightMissing else { throw error }
            // What may not be seen is not counted on; what a table itself says still is.
            for name in settings { defaults[name] = "0" }
        }
        return defaults
    }
}

/// What the engine of a table does with a block that comes twice.
struct EngineRules {
    let engine: String
    /// `engine_full`: the engine with its clauses and settings.
    let definition: String
    /// The server's own values of the two settings; a setting that is not there is not known to it.
    let defaults: [String: String]
    let knowsTokens: Bool

    func repeatedBlocks(into title: String) -> RepeatedBlocks {
        guard engine.hasSuffix("MergeTree") else {
            return .kept(
                reason: "the table \(title) has the engine \(engine), which keeps repeated rows",
                hint: "insert into a table of an engine of the MergeTree family")
        }
        let isReplicated = engine.hasPrefix("Replicated") || engine.hasPrefix("Shared")
        let setting =
            isReplicated ? "replicated_deduplication_window" : "non_replicated_deduplication_window"
        if knowsTokens, window(setting) > 0 { return .dropped }
        // Of the other engines some add rows of one key up, twice if they come twice.
        if engine.hasSuffix("ReplacingMergeTree") { return .collapsed }
        guard knowsTokens, defaults[setting] != nil else {
            return .kept(
                reason: "the server is too old to know a repeated block by its name",
                hint: "create \(title) with the engine ReplacingMergeTree, or use ClickHouse 22.2 "
                    + "or later")
        }
        return .kept(
            reason: "the table \(title) keeps no record of the blocks that it took",
            hint: "ALTER TABLE \(title) MODIFY SETTING \(setting) = 1000")
    }

    /// The table's own value, or the server's.
    private func window(_ setting: String) -> Int {
        let settings = definition.ranges(of: " SETTINGS ").last.map {
            definition[$0.upperBound...]
        }
        for pair in (settings ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=").map { $0.filter { !$0.isWhitespace } }
            if parts.count == 2, parts[0] == setting { return Int(parts[1]) ?? 0 }
        }
        return defaults[setting].flatMap { Int($0) } ?? 0
    }
}
