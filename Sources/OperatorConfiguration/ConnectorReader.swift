internal import EventJSON
internal import SegmentModel
internal import StorageIO

/// Reads one connector of a file.
struct ConnectorReader {
    private static let keys = [
        "kind", "url", "password", "tls", "connect_timeout", "statement_timeout", "pool_size",
        "settings", "allow_cleartext_password",
    ]
    private static let poolSizes = 1...64
    private static let timeouts = 1...86_400_000

    let name: String
    let path: String
    let forms: [ConnectorForm]
    /// The connector of this name that stands already.
    let existing: ConnectorDefinition?
    /// A password that was given in plain.
    private(set) var storedSecret: String?

    init(
        name: String, path: String, forms: [ConnectorForm], existing: ConnectorDefinition?
    ) {
        self.name = name
        self.path = path
        self.forms = forms
        self.existing = existing
    }

    mutating func read(
        _ node: YAMLNode, _ faults: inout FaultCollector
    ) -> ConnectorDefinition? {
        guard let members = faults.members(of: node, path, known: Self.keys) else { return nil }
        let form = readKind(members["kind"], &faults)
        let address = readURL(members["url"], form, &faults)
        let secret = readSecret(members["password"], inURL: address?.password, &faults)
        var definition = ConnectorDefinition(
            name: name, kind: form?.kind ?? "", url: address?.url ?? "")
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
        definition.allowsCleartextPassword =
            faults.boolean(
                members["allow_cleartext_password"], "\(path).allow_cleartext_password") ?? false
        if let form { readSettings(members["settings"], form, into: &definition, &faults) }
        if let form, !form.hasLogin {
            for key in ["password", "tls", "allow_cleartext_password"] where members[key] != nil {
                faults.add(
                    "\(path).\(key)", "does not belong to \(form.kind.rawValue), which is a file")
            }
        }
        return form == nil || address == nil ? nil : definition
    }

    private func readKind(_ node: YAMLNode?, _ faults: inout FaultCollector) -> ConnectorForm? {
        let reachable = forms.map(\.kind.rawValue)
        let list = reachable.joined(separator: ", ")
        let path = "\(path).kind"
        guard let text = faults.requiredText(node, path, hint: "write one of \(list)") else {
            return nil
        }
        if let form = forms.first(where: { $0.kind.rawValue == text }) { return form }
        faults.add(
            path, "must be one of \(list)",
            hint: nearestName(to: text, in: reachable).map { "did you mean \($0)?" }
                ?? "use a database of a kind that this build reaches")
        return nil
    }

    /// Without a kind that is known only that it is there.
    private func readURL(
        _ node: YAMLNode?, _ form: ConnectorForm?, _ faults: inout FaultCollector
    ) -> ConnectorAddress? {
        let path = "\(path).url"
        let text = faults.requiredText(node, path, hint: form?.addressHint)
        guard let text, let form else { return nil }
        do throws(ConnectorAddress.Fault) {
            return try form.readAddress(text)
        } catch {
            faults.add(path, error.message, hint: error.hint)
            return nil
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
            return faults.requiredText(members["file"], "\(path).file").map {
                .file(wholePath($0))
            }
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
        _ node: YAMLNode?, _ form: ConnectorForm, into definition: inout ConnectorDefinition,
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
            do throws(SQLSetting.Problem) {
                definition.sqlSettings.formUnion(try form.settings(key, text))
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
                .map(wholePath)
        }
    }
}
