package import EventJSON
package import SegmentModel

extension ConnectorDefinition {
    /// Writes the definition as the configuration file spells it; a stored password only as
    /// `{"stored":true}`.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("kind", kind.rawValue)
        json.member("url", url)
        switch secret {
        case .none: break
        case .environment(let name): writeSecret("env", name, to: &json)
        case .file(let path): writeSecret("file", path, to: &json)
        case .stored:
            json.key("password")
            json.beginObject()
            json.member("stored", true)
            json.endObject()
        }
        if tlsMode != nil || tlsAuthorityFile != nil {
            json.key("tls")
            json.beginObject()
            if let tlsMode { json.member("mode", tlsMode.rawValue) }
            if let tlsAuthorityFile { json.member("ca_file", tlsAuthorityFile) }
            json.endObject()
        }
        if allowsCleartextPassword { json.member("allow_cleartext_password", true) }
        json.member("connect_timeout", Duration.text(milliseconds: connectTimeoutMilliseconds))
        json.member(
            "statement_timeout", Duration.text(milliseconds: statementTimeoutMilliseconds))
        json.member("pool_size", poolSize)
        let settings = sqlSettings.members
        if !settings.isEmpty {
            json.key("settings")
            json.beginObject()
            for (name, value) in settings { json.member(name, value) }
            json.endObject()
        }
        json.endObject()
    }

    private func writeSecret(_ key: String, _ value: String, to json: inout JSONWriter) {
        json.key("password")
        json.beginObject()
        json.member(key, value)
        json.endObject()
    }

    init(name: String, members: BodyMembers) throws(BodyFault) {
        self.init(
            name: name, kind: ConnectorKind(rawValue: try members.string("kind")),
            url: try members.string("url"))
        if let password = try members.optionalObject("password") {
            if let name = try password.optionalString("env") {
                secret = .environment(name)
            } else if let path = try password.optionalString("file") {
                secret = .file(path)
            } else if try password.optionalBoolean("stored") == true {
                secret = .stored
            } else {
                throw BodyFault("password", "says no place that this version knows")
            }
        }
        if let tls = try members.optionalObject("tls") {
            tlsMode = try tls.optionalWord("mode")
            tlsAuthorityFile = try tls.optionalString("ca_file")
        }
        allowsCleartextPassword =
            try members.optionalBoolean("allow_cleartext_password") ?? false
        connectTimeoutMilliseconds =
            try members.duration("connect_timeout")
            ?? connectTimeoutMilliseconds
        statementTimeoutMilliseconds =
            try members.duration("statement_timeout")
            ?? statementTimeoutMilliseconds
        poolSize = try members.optionalInteger("pool_size") ?? poolSize
        if let settings = try members.optionalObject("settings") {
            var stated: [(name: String, value: String)] = []
            for name in settings.keys { stated.append((name, try settings.string(name))) }
            sqlSettings = SQLSettings(members: stated)
        }
    }
}

extension BodyMembers {
    /// Milliseconds of a duration's text.
    func duration(_ key: String) throws(BodyFault) -> Int? {
        guard let text = try optionalString(key) else { return nil }
        guard let milliseconds = Duration.milliseconds(text) else {
            throw BodyFault(key, "must be a duration")
        }
        return milliseconds
    }
}
