internal import Connector
internal import SQLTemplate

/// What a commit is worth: https://sqlite.org/pragma.html#pragma_journal_mode. How often the file
/// is synced the session states itself.
extension SQLiteConnection {
    func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts {
        var flaws: [GradeFacts.Flaw] = []
        if let mode = try run("PRAGMA journal_mode").first?.first, let mode,
            ["off", "memory"].contains(mode)
        {
            flaws.append(
                GradeFacts.Flaw(
                    .lostInCrash, "the file's journal_mode is \(mode)",
                    hint: "name a file, or use a build of SQLite that keeps a journal",
                    isSetting: true))
        }
        let names = tables.written.compactMap { $0.last?.text.lowercased() }
        let temporary = try run(
            "SELECT name FROM sqlite_temp_schema WHERE type IN ('table', 'view')"
        )
        .compactMap { $0[0] }
        for name in temporary where names.contains(name.lowercased()) {
            flaws.append(
                GradeFacts.Flaw(
                    .lostInCrash, "\(name) is a temporary table, which ends with the session",
                    hint: "write to a table that stays"))
        }
        return GradeFacts(flaws: flaws)
    }
}
