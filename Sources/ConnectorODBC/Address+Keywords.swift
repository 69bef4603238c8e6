internal import SegmentModel

/// What stands behind a keyword of a connection string. Each form leaves no room for a second
/// spelling of a password, such as `user/password` or `user:password@host`.
package enum ODBCKeyword: Sendable {
    /// A driver's name, or a file.
    case file
    /// The name of a database, a data source or a program.
    case name
    case user
    /// `host`, `tcp:host,1433`, `host\\instance`.
    case server
    /// Oracle's `host:1521/service`, or an entry of tnsnames.ora.
    case service
    /// A number, yes or no, the name of a host or a choice.
    case word

    package static let common: [String: ODBCKeyword] = [
        "driver": .file, "dsn": .name, "server": .server, "port": .word, "database": .name,
        "uid": .user,
    ]

    /// Of Microsoft's driver and of FreeTDS:
    /// https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute,
    /// https://www.freetds.org/userguide/OdbcConnAttr.html.
    static let sqlServer: [String: ODBCKeyword] = common.merging([
        "address": .server, "servername": .server, "app": .name, "wsid": .name,
        "applicationintent": .word, "authentication": .word, "autotranslate": .word,
        "clientcharset": .word, "connectretrycount": .word, "connectretryinterval": .word,
        "encrypt": .word, "encryption": .word, "failover_partner": .server,
        "hostnameincertificate": .word, "ipaddresspreference": .word, "keepalive": .word,
        "keepaliveinterval": .word, "multisubnetfailover": .word, "packetsize": .word,
        "servercertificate": .file, "tds_version": .word, "transparentnetworkipresolution": .word,
        "trusted_connection": .word, "trustservercertificate": .word, "usentlmv2": .word,
    ]) { common, _ in common }

    /// Of Oracle's driver:
    /// https://docs.oracle.com/en/database/oracle/oracle-database/23/adfns/ODBC-driver.html.
    static let oracle: [String: ODBCKeyword] = [
        "driver": .file, "dsn": .name, "uid": .user, "dbq": .service, "apa": .word, "bam": .word,
        "bnf": .word, "btd": .word, "csr": .word,
        "dba": .word, "dpm": .word, "exc": .word, "fbs": .word, "fdl": .word, "fen": .word,
        "frc": .word, "fwc": .word, "lob": .word, "mdi": .word, "mld": .word, "mts": .word,
        "num": .word, "oda": .word, "qto": .word, "rst": .word, "ste": .word, "tlo": .word,
        "tsz": .word, "xsm": .word,
    ]

    func takes(_ value: String) -> Bool {
        switch self {
        case .file: Self.holds(value, "_.-+/ ()")
        case .name: Self.holds(value, "_.-$#+~ ")
        case .user: Self.holds(value, "_.-$#+~ @\\[]")
        case .word: Self.holds(value, "_.-*")
        case .server:
            value.wholeMatch(
                of:
                    #/
                    ((tcp|np|lpc|admin):)? [\w.\-\\$()\ ]+ ([,:][0-9]{1,5})?
                    | \[? [0-9A-Fa-f:.]+ \]? (,[0-9]{1,5})?
                    /#) != nil
        case .service:
            value.wholeMatch(
                of:
                    #/
                    [\w.\-]+
                    | (tcps?:)? (\/\/)? ([\w.\-]+ | \[[0-9A-Fa-f:.]+\]) :[0-9]{1,5}
                    (\/[\w.\-]+ (:\w+)?)?
                    /#) != nil
        }
    }

    /// Letters, digits and these marks.
    private static func holds(_ value: String, _ marks: String) -> Bool {
        value.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.generalCategory == .decimalNumber
                || $0.properties.generalCategory == .nonspacingMark
                || marks.unicodeScalars.contains($0)
        }
    }

    var hint: String {
        switch self {
        case .file: "write the name of an entry of odbcinst.ini, or the path of a library"
        case .name: "a name holds letters, digits, spaces and _ . - $ # + ~"
        case .user:
            "a user's name holds no : / and =; the password stands apart, as "
                + "password: { env: NAME }"
        case .server: "write a host, host,port or host\\instance"
        case .service: "write host:1521/service, or the name of an entry of tnsnames.ora"
        case .word: "write a number, a word or a host's name"
        }
    }
}
