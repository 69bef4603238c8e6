/// The files of the adapters: what is the same in each has the same name in each, so that who knows
/// one adapter knows where to look in the next.
enum AdapterRule {
    /// What every kind of database has.
    static let everywhere = [
        // The factory of the kind, and its connector.
        "Connector",
        // What a definition and a secret come to: how the server is reached.
        "Configuration",
        // How the server reads SQL.
        "Reading",
        // What it has not of the SQL that other databases have.
        "Lacks",
        // Which of its functions and statements take SQL as a text.
        "CodeStrings",
        // What other databases have and it does not.
        "Lacks",
        // By which statements a query would change its session.
        "SessionRules",
        // Where it is, as its URL says.
        "Address",
        // What it is sent: statements on the cursor's table, settings of a session.
        "Dialect",
        // What it is asked about its tables.
        "Catalog",
        // What its tables and settings are worth.
        "GradeFacts",
        // An open connection, and what a target's port asks of it.
        "Connection",
        // What it refuses, in our words.
        "Failures",
    ]

    /// What several kinds have, each under this name.
    static let shared = [
        "CancelRequest", "ConnectFailures", "Environment", "Exchange", "FailureTable",
        "KeptStatements", "Results", "SessionWatch", "Watch",
    ]

    /// What one client library or protocol asks for and no other.
    static let own: [String: Set<String>] = [
        "ConnectorClickHouse": [
            "Answer", "Compression", "CursorBook", "DeliveryTurns", "LoopExecutor",
            "ServerSettings", "StatementScanner",
        ],
        "ConnectorMySQL": [
            "Beginning", "BulkStatement", "Greeting", "Line", "Options", "Statements",
        ],
        "ConnectorODBC": ["Diagnostics", "Statement"],
        "ConnectorPostgres": ["CStringArray", "Diagnosis", "Field", "LoginCheck", "Pipeline"],
        "ConnectorSQLite": ["StatementGuard"],
    ]

    /// - Parameter adapters: the Swift files of each, by the adapter's name, without `.swift`.
    static func findings(in adapters: [String: Set<String>]) -> [String] {
        var findings: [String] = []
        // `Failures+Codes` is a part of `Failures`.
        let stems = adapters.mapValues { Set($0.map { String($0.prefix { $0 != "+" }) }) }
        for (adapter, files) in stems.sorted(by: { $0.key < $1.key }) {
            for name in everywhere where !files.contains(name) {
                findings.append("\(adapter) has no \(name).swift, as every adapter has")
            }
            let known = Set(everywhere + shared).union(own[adapter] ?? [])
            for name in files.subtracting(known).sorted() {
                findings.append("\(adapter)/\(name).swift: give it a name of AdapterRule's lists")
            }
            for name in (own[adapter] ?? []).subtracting(files).sorted() {
                findings.append("\(adapter) has no \(name).swift any more: take it off the list")
            }
        }
        for name in shared where stems.values.filter({ $0.contains(name) }).count < 2 {
            findings.append("\(name).swift is of one adapter: it belongs to own")
        }
        for (adapter, names) in own {
            for (other, files) in stems where other != adapter {
                for name in files.intersection(names) {
                    findings.append("\(name).swift is of several adapters: it belongs to shared")
                }
            }
        }
        return findings
    }
}
