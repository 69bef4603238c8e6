internal import SegmentModel

/// Reads one connector of a file.
struct ConnectorReader {
    private static let keys = [
        "kind", "url", "password", "tls", "connect_timeout", "statement_timeout", "pool_size",
        "settings",
    ]
    private static let poolSizes = 1...64
    private static let timeouts = 1...86_400_000

    let name: String
    let path: String
    let reachableKinds: [ConnectorKind]
    /// The connector of this name that stands already.
    let existing: ConnectorDefinition?
    /// A password that was given in plain.
    private(set) var storedSecret: String?

    init(
        name: String, path: String, reachableKinds: [ConnectorKind],
        existing: ConnectorDefinition?
    ) {
        self.name = name
        self.path = path
        self.reachableKinds = reachableKinds
        self.existing = existing
    }

    mutating func read(
        _ node: YAMLNode, _ faults: inout FaultCollector
    ) -> ConnectorDefinition? {
        guard let members = faults.members(of: node, path, known: Self.keys) else { return nil }
        let kind = readKind(members["kind"], &faults)
        let address = readURL(members["url"], kind: kind, &faults)
        let secret = readSecret(members["password"], inURL: address?.password, &faults)
        var definition = ConnectorDefinition(
            name: name, kind: kind ?? .postgresql, url: address?.text ?? "")
        definition.secret = secret
        readTLS(members["tls"], into: &definition, &faults)
        definition.connectTimeoutMilliseconds =
            faults.duration(
                members["connect_timeout"], "\(path).connect_timeout", in: Self.timeouts)
            ?? definition.connectTimeoutMilliseconds
        definition.statementTimeoutMilliseconds =
            faults.duration(
                members["statement_timeout"], "\(path).statement_timeout", in: Self.timeouts)
            ?? definition.statementTimeoutMilliseconds
        definition.poolSize =
            faults.integer(members["pool_size"], "\(path).pool_size", in: Self.poolSizes)
            ?? definition.poolSize
        if let kind { readSettings(members["settings"], kind, into: &definition, &faults) }
        if kind == .sqlite {
            for key in ["password", "tls"] where members[key] != nil {
                faults.add("\(path).\(key)", "does not belong to sqlite, which is a file")
            }
        }
        return kind == nil || address == nil ? nil : definition
    }

    private func readKind(_ node: YAMLNode?, _ faults: inout FaultCollector) -> ConnectorKind? {
        let reachable = reachableKinds.map(\.rawValue).joined(separator: ", ")
        guard let node else {
            faults.add("\(path).kind", "is missing", hint: "write one of \(reachable)")
            return nil
        }
        guard let kind = faults.word(node, "\(path).kind", ConnectorKind.self) else { return nil }
        guard reachableKinds.contains(kind) else {
            faults.add(
                "\(path).kind", "this build reaches \(reachable), not \(kind.rawValue)",
                hint: "use a database of a kind that this build reaches")
            return nil
        }
        return kind
    }

    private func readURL(
        _ node: YAMLNode?, kind: ConnectorKind?, _ faults: inout FaultCollector
    ) -> ConnectorURL? {
        let path = "\(path).url"
        if kind == .mssql || kind == .oracle { return readConnectionString(node, path, &faults) }
        let schemes = Self.schemes(of: kind)
        let hint =
            kind == .sqlite
            ? "write a path, for example sqlite:///var/lib/crm.db"
            : "write an address like \(schemes.first ?? "postgresql://")user@host/database"
        guard let text = faults.requiredText(node, path, hint: hint) else { return nil }
        if let first = schemes.first, !schemes.contains(where: text.hasPrefix) {
            faults.add(path, "must start with \(first)", hint: hint)
            return nil
        }
        if kind == .sqlite {
            let colon = text.firstIndex(of: ":")
            let scheme = colon.map { text[..<$0] }
            let isPath = scheme == nil || scheme?.contains("/") == true
            guard isPath || scheme == "sqlite" || scheme == "file" else {
                faults.add(path, "must be the path of a file", hint: hint)
                return nil
            }
            return ConnectorURL(withoutPassword: text)
        }
        do {
            return try ConnectorURL(parsing: text)
        } catch {
            add(error, path, &faults)
            return nil
        }
    }

    private func readConnectionString(
        _ node: YAMLNode?, _ path: String, _ faults: inout FaultCollector
    ) -> ConnectorURL? {
        let hint = "write odbc: and an ODBC connection string"
        guard let text = faults.requiredText(node, path, hint: hint) else { return nil }
        do throws(ODBCConnectionString.Problem) {
            _ = try ODBCConnectionString(parsing: text)
        } catch {
            faults.add(path, error.message, hint: error.hint)
            return nil
        }
        return ConnectorURL(withoutPassword: text)
    }

    /// What a URL of this kind begins with, the usual first; empty: anything.
    private static func schemes(of kind: ConnectorKind?) -> [String] {
        switch kind {
        case .postgresql: ["postgresql://", "postgres://"]
        case .mysql: ["mysql://", "mariadb://"]
        case .clickhouse: ["clickhouse://", "clickhouses://", "http://", "https://"]
        default: []
        }
    }

    private func add(
        _ problem: ConnectorURL.Problem, _ path: String, _ faults: inout FaultCollector
    ) {
        switch problem {
        case .notEscaped:
            faults.add(
                path, "has an @ too many",
                hint: "write @ : / ? # of a password as %40 %3A %2F %3F %23, or give the "
                    + "password apart as password: { env: NAME }")
        case .wrongEscape:
            faults.add(
                path, "has a password with a wrong % escape", hint: "write % itself as %25")
        case .twoPasswords:
            faults.add(path, "holds two passwords", hint: "keep one of them")
        case .keyPassword:
            faults.add(
                path, "holds sslpassword, which would be stored in plain",
                hint: "use a client key without a password, readable by this user only")
        }
    }

    private mutating func readSecret(
        _ node: YAMLNode?, inURL: String?, _ faults: inout FaultCollector
    ) -> ConnectorDefinition.Secret {
        let path = "\(path).password"
        guard let node else {
            guard let inURL else { return .none }
            storedSecret = inURL
            return .stored
        }
        if inURL != nil {
            faults.add(path, "the url holds a password as well", hint: "keep one of them")
            return .none
        }
        if case .text(let text) = node {
            guard !text.isEmpty else {
                faults.add(path, "must not be empty", hint: "leave the key out")
                return .none
            }
            storedSecret = text
            return .stored
        }
        return readReference(node, path, &faults) ?? .none
    }

    /// `{ env: NAME }`, `{ file: PATH }` or `{ stored: true }`.
    private func readReference(
        _ node: YAMLNode, _ path: String, _ faults: inout FaultCollector
    ) -> ConnectorDefinition.Secret? {
        let hint = "write { env: NAME }, { file: PATH } or the password in quotes"
        let keys = ["env", "file", "stored"]
        guard let members = faults.members(of: node, path, known: keys, hint: hint) else {
            return nil
        }
        let given = keys.filter { members[$0] != nil }
        guard given.count == 1 else {
            faults.add(path, "must have one of env, file and stored", hint: hint)
            return nil
        }
        switch given[0] {
        case "env":
            return faults.requiredText(members["env"], "\(path).env").map { .environment($0) }
        case "file":
            return faults.requiredText(members["file"], "\(path).file").map { .file($0) }
        default:
            guard let isStored = faults.boolean(members["stored"], "\(path).stored") else {
                return nil
            }
            guard isStored, existing?.secret == .stored else {
                faults.add(
                    "\(path).stored", "no password of this connector is stored", hint: hint)
                return nil
            }
            return .stored
        }
    }

    /// What changes how the server reads a query: `settings: { sql_mode: ANSI_QUOTES }`.
    private func readSettings(
        _ node: YAMLNode?, _ kind: ConnectorKind, into definition: inout ConnectorDefinition,
        _ faults: inout FaultCollector
    ) {
        guard let node else { return }
        let path = "\(path).settings"
        guard case .mapping(let pairs) = node else {
            return faults.add(
                path, "must be a mapping, not \(node.name)",
                hint: "for example settings: { sql_mode: ANSI_QUOTES }")
        }
        for (key, value) in pairs {
            let text: String
            switch value {
            case .text(let given): text = given
            case .boolean(let isOn): text = isOn ? "on" : "off"
            default:
                faults.add("\(path).\(key)", "must be a text, not \(value.name)")
                continue
            }
            do throws(SQLSettings.Problem) {
                definition.sqlSettings.formUnion(
                    try SQLSettings(kind, name: key, value: text))
            } catch {
                faults.add("\(path).\(key)", error.message, hint: error.hint)
            }
        }
    }

    private func readTLS(
        _ node: YAMLNode?, into definition: inout ConnectorDefinition,
        _ faults: inout FaultCollector
    ) {
        guard let node else { return }
        let path = "\(path).tls"
        let hint = "write { mode: verify-full, ca_file: PATH }"
        guard
            let members = faults.members(of: node, path, known: ["mode", "ca_file"], hint: hint)
        else { return }
        if members["mode"] == nil { faults.add("\(path).mode", "is missing", hint: hint) }
        definition.tlsMode = faults.word(members["mode"], "\(path).mode")
        if let file = members["ca_file"] {
            definition.tlsAuthorityFile = faults.requiredText(file, "\(path).ca_file")
        }
    }
}
