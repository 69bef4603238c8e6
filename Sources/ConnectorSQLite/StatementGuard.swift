internal import GRDBSQLite

/// Whose statement is being compiled, and what it may do: what SQLite's authorizer asks.
final class StatementGuard {
    /// PRAGMAs that only tell something, also as table-valued functions. Source:
    /// https://sqlite.org/pragma.html
    private static let telling: Set<String> = [
        "collation_list", "compile_options", "data_version", "database_list", "foreign_key_check",
        "foreign_key_list", "freelist_count", "function_list", "index_info", "index_list",
        "index_xinfo", "integrity_check", "module_list", "page_count", "pragma_list", "quick_check",
        "table_info", "table_list", "table_xinfo",
    ]

    var isOperators = false
    /// The last refusal was of a PRAGMA, ATTACH or DETACH.
    private(set) var hasRefusedSetting = false

    /// - Parameter name: of the PRAGMA.
    func allows(_ action: CInt, _ name: UnsafePointer<CChar>?) -> Bool {
        guard isOperators else { return true }
        switch action {
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            hasRefusedSetting = false
            return false
        case SQLITE_PRAGMA:
            if let name, Self.telling.contains(String(cString: name).lowercased()) { return true }
        case SQLITE_ATTACH, SQLITE_DETACH: break
        default: return true
        }
        hasRefusedSetting = true
        return false
    }
}
