internal import Connector
internal import SegmentModel

/// How the server is reached: the driver manager's connection string, with the secret. Never
/// printed.
struct ODBCConfiguration: Sendable {
    let connectionString: String
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int
    let sqlSettings: SQLSettings

    init(
        _ definition: ConnectorDefinition, secret: String?, _ keywords: [String: ODBCKeyword]
    ) throws(Failure) {
        let string = try definition.readURL { url throws(ConnectorAddress.Fault) in
            try ODBCConnectionString(parsing: url, keywords: keywords)
        }
        guard secret?.unicodeScalars.contains(where: { $0.value < 0x20 }) != true else {
            throw Failure(
                .configurationInvalid,
                "the password of connector \(definition.name) holds a control character"
            )
        }
        let driver = ODBCDriver(string.value(of: "driver"))
        var more = try driver.tls(definition, string)
        if definition.kind == .mssql, secret != nil, !Self.isLocal(string) {
            more += try driver.guarding(definition, string)
        }
        if definition.kind == .mssql, string.value(of: "app") == nil {
            more.append(("APP", "segledger"))
        }
        if let secret { more.append(("PWD", secret)) }
        connectionString = string.text(adding: more)
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
    }

    /// Whether the string names a server on this machine: `Server=tcp:127.0.0.1,1433`.
    private static func isLocal(_ string: ODBCConnectionString) -> Bool {
        let name = string.value(of: "server") ?? string.value(of: "address") ?? ""
        var host = Substring(name.lowercased())
        if let colon = host.firstIndex(of: ":"), ["tcp", "np", "lpc"].contains(host[..<colon]) {
            host = host[host.index(after: colon)...]
        }
        host = host.prefix { !",\\".contains($0) }
        return host == "." || host == "(local)" || LocalHost.isLocal(String(host))
    }
}

/// Drivers whose keywords for TLS are known. Sources:
/// https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute and FreeTDS's user
/// guide, chapter "ODBC connection attributes".
enum ODBCDriver {
    case microsoft, freeTDS, oracle, unknown

    /// By the name behind `Driver=`; that of a DSN is not known before it is connected.
    init(_ name: String?) {
        let name = name?.lowercased() ?? ""
        if name.contains("odbc driver") && name.contains("sql server")
            || name.contains("msodbcsql")
        {
            self = .microsoft
        } else if name.contains("freetds") || name.contains("tdsodbc") {
            self = .freeTDS
        } else if name.contains("oracle") || name.contains("sqora") {
            self = .oracle
        } else {
            self = .unknown
        }
    }

    /// The keywords that a connector's `tls` stands for.
    ///
    /// - Throws: for a mode that the driver does not have, with the keyword that does the same.
    func tls(
        _ definition: ConnectorDefinition, _ string: ODBCConnectionString
    ) throws(Failure) -> [(keyword: String, value: String)] {
        func refuse(_ problem: String, _ hint: String) -> Failure {
            Failure(
                .configurationInvalid, "connector \(definition.name): \(problem)", hint: hint)
        }
        guard let mode = definition.tlsMode else { return [] }
        guard definition.tlsAuthorityFile == nil else {
            throw refuse(
                "tls.ca_file cannot be given to a driver of ODBC", authorityHint)
        }
        guard let pairs = keywords(for: mode) else {
            throw refuse("the driver has no tls.mode \(mode.rawValue)", modeHint)
        }
        if pairs.contains(where: { string.value(of: $0.keyword) != nil }) {
            throw refuse(
                "TLS is set by tls.mode and by the url", "keep one of them")
        }
        return pairs
    }

    /// Keywords that encrypt the login where neither the connector nor its string says anything:
    /// without them a server that claims to have no TLS is sent the password, no more than
    /// disguised. What a DSN or another driver does is not known.
    ///
    /// - Throws: TLS is turned off, and the operator does not allow that the password is learnt.
    func guarding(
        _ definition: ConnectorDefinition, _ string: ODBCConnectionString
    ) throws(Failure) -> [(keyword: String, value: String)] {
        guard let (keyword, safe) = encryption, !definition.allowsCleartextPassword else {
            return []
        }
        let given = definition.tlsMode.map { [.require, .verifyFull].contains($0) }
        let written = string.value(of: keyword).map { safe.contains($0.lowercased()) }
        guard let isSafe = given ?? written else { return [(keyword, safe[0])] }
        guard isSafe else {
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) turns TLS off or leaves it to a server on another "
                    + "machine, which can then learn the password",
                hint: "use tls.mode \(self == .microsoft ? "verify-full" : "require"); "
                    + "allow_cleartext_password: true sends it all the same")
        }
        return []
    }

    /// The keyword that decides whether the login is encrypted, and the values with which it is.
    private var encryption: (keyword: String, safe: [String])? {
        switch self {
        case .microsoft: ("Encrypt", ["yes", "mandatory", "strict", "true"])
        case .freeTDS: ("Encryption", ["require", "strict"])
        case .oracle, .unknown: nil
        }
    }

    private func keywords(
        for mode: ConnectorDefinition.TLSMode
    ) -> [(keyword: String, value: String)]? {
        switch (self, mode) {
        case (.microsoft, .disable): [("Encrypt", "no")]
        case (.microsoft, .require): [("Encrypt", "yes"), ("TrustServerCertificate", "yes")]
        case (.microsoft, .verifyFull): [("Encrypt", "yes"), ("TrustServerCertificate", "no")]
        case (.freeTDS, .disable): [("Encryption", "off")]
        case (.freeTDS, .prefer): [("Encryption", "request")]
        case (.freeTDS, .require): [("Encryption", "require")]
        default: nil
        }
    }

    private var modeHint: String {
        switch self {
        case .microsoft:
            "use disable, require or verify-full; a name other than the server's goes into the url "
                + "as HostNameInCertificate=…"
        case .freeTDS:
            "use disable, prefer or require; what is verified stands in freetds.conf (ca file, "
                + "check certificate hostname)"
        case .oracle: "leave tls out; Oracle's client takes TLS from sqlnet.ora and its wallet"
        case .unknown: "leave tls out and set the driver's own keyword in a data source of odbc.ini"
        }
    }

    private var authorityHint: String {
        switch self {
        case .microsoft: "leave it out and add the authority to the system's, which the driver asks"
        default: modeHint
        }
    }
}
