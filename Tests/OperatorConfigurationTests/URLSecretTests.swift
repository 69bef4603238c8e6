import Connector
import KindTesting
import OperatorConfiguration
import SegmentModel
import Testing

/// A password in every place of a URL, in every spelling that some client or some operator knows.
@Suite("INV-10: no spelling of a password in a URL reaches the ledger or a message")
struct URLSecretTests {
    private static let canary = "CANARYX"

    /// What stands for `user and password`, or for a password with its name.
    private static let spellings = [
        "u:<>", "u%3A<>", "u%3a<>", "u%253A<>", "u/<>", "u%2F<>", "u;<>", "u,<>", "u%2C<>", "u|<>",
        "u=<>",
        "u%3D<>", "u%00<>", "u%0A<>", ":<>", "u::<>", "u?<>", "u#<>", "u%23%3F<>", "u&<>", "u%26<>",
        "password=<>", "PASSWORD=<>", "Password%3D<>", "%70assword=<>", "%2570assword=<>",
        "pass=<>",
        "passwd=<>", "pwd=<>", "PWD=<>", "%50WD=<>", "password:<>", "password%3A<>",
        "user=u&password=<>",
        "user=u&pass=<>", "x=1&password=<>", "sslmode=require&password=<>", "sslpassword=<>",
        "passfile=<>", "passphrase=<>", "secret=<>", "token=<>", "accesstoken=<>", "credential=<>",
        "service=<>", "options=<>", "options=-c%20password=<>", "user=u/<>", "user=u:<>", "user=<>",
        "application_name=<>", "key=<>", "sslkey=<>", "sslkey=/k?password=<>",
        "sslkey=/k%26password%3D<>",
        "u;password=<>", "u password=<>", "u%20password%3D<>", "{u;PWD=<>}", "%7Bu%3BPWD=<>%7D",
    ]

    /// Where it can stand; `S` is the spelling, in which `<>` is the password.
    private static let places = [
        "S@h/crm", "S@h:1/crm", "S@[::1]:1/crm", "u@S/crm", "u@S:1/crm", "u@h:S/crm", "S/crm",
        "u@h:1S/crm", "u@h,S/crm", "u@h:1,g:S/crm", "u@h/crm/S", "u@h/crm%2FS", "u@h/S/crm",
        "u@h/crm?S", "u@h/crm?S&sslcert=/c", "u@h/crm?sslcert=/c&S", "u@h/crm#S", "u@h/crm;S",
        "u@h/crm%3FS", "u@h/crm%3BS", "u@h/crm%26S", "u@h?S", "u@h/?S", "?S", "/crm?S", "#S",
        "S@u@h/crm", "u@h@S/crm", "u@h/crm@S", "u:x@h/crm?S", "h/crm?S", "h:1/crm?S", " S@h/crm",
    ]

    /// Of a URL that is none: other forms that clients take.
    private static let wholes = [
        "host=h user=u password=<>", "u:<>@tcp(h:1)/crm", "jdbc:x://h/crm?user=u&password=<>",
        "sqlplus u/<>@h", "u/<>@//h:1/crm", "//u:<>@h/crm", "u:<>@h/crm", "h;UID=u;PWD=<>",
        "odbc:DSN=a;PWD=<>", "x://u:<>@h/crm", "file:x?password=<>", "sqlite:x;password=<>",
        "sqlite://u:<>@h/x", "sqlite:u:<>@h/x.db", "file://u:<>@h/x", "/x/u:<>@h/x.db", "/x?key=<>",
        "/x;Password=<>", "/x/password=<>/x.db", "/x PASSWORD=<>", "//u:<>@h/x.db", "u%3A<>@h",
    ]

    /// Of the kinds whose URL names a server.
    private static let schemes: [ConnectorKind: String] = [
        .postgresql: "postgresql://", .mysql: "mysql://", .clickhouse: "clickhouse://",
    ]

    private static let odbc = [
        "PWD=<>", "pwd = {<>}", "Password=<>", "PASSWD=<>", "Pass=<>", "P%57D=<>", "{PWD}=<>",
        "P WD=<>",
        "UID=u/<>", "UID=u:<>", "UID={u;PWD=<>}", "UID=u%2F<>", "UID=u%3A<>", "UID=u,<>",
        "UID=u=<>",
        "UID={u/<>}", "Database=u:<>@h", "Database=crm;Pwd=<>", "Database={crm;PWD=<>}",
        "Database=crm?password=<>", "Server=u:<>@h", "Server=u/<>@h", "Server=h:<>", "Server=h,<>",
        "Server={h;PWD=<>}", "Server=h/<>", "Driver={a};Driver={PWD=<>}", "Driver={x;PWD=<>}",
        "DBQ=u/<>@h", "DBQ=u/<>", "DBQ=u/<>@//h:1/crm", "DBQ=h:1/crm?password=<>",
        "DBQ=h:1/crm@<>:x",
        "DBQ=(DESCRIPTION=(PASSWORD=<>))", "DBQ={(SECURITY=(PASSWORD=<>))}", "APP=x;pWd=<>",
        "APP={x;pwd=<>}", "AccessToken=<>", "ClientSecret=<>", "KeystoreSecret=<>", "Passphrase=<>",
        "SSLKey=<>", "Option=<>", "InitStmt=<>", "InitString=<>", "ConnSettings=<>", "FILEDSN=<>",
        "SAVEFILE=<>", "AttachDBFileName=<>", "Credential=<>",
        "Trusted_Connection=no&PWD=<>",
        "Encrypt=yes,PWD=<>", "HostNameInCertificate=u:<>@h", "Port=<>:1", "Wallet=u:<>",
    ]

    private static func urls(_ kind: ConnectorKind) -> [String] {
        if let scheme = schemes[kind] {
            var urls = wholes
            for place in places {
                urls += spellings.map { scheme + place.replacing("S", with: $0) }
            }
            return urls
        }
        guard kind != .sqlite else { return wholes }
        var urls = wholes
        for start in ["odbc:Driver={D};", "odbc:DSN=a;", "odbc:UID=u;DSN=a;", "odbc:"] {
            for pair in odbc { urls += [start + pair, start + pair + ";UID=v"] }
            urls += spellings.map { start + $0 }
            // A # can stand in a user's name.
            urls += spellings.filter { $0 != "u#<>" }.map { start + "UID=" + $0 }
        }
        return urls
    }

    /// Whether the password stands in a text, escaped once or several times, or not.
    private static func shows(_ text: String, _ word: String) -> Bool {
        var text = text
        for _ in 0..<4 {
            if text.lowercased().contains(word.lowercased()) { return true }
            text = text.replacing(/%([0-9A-Fa-f]{2})/) { match in
                String(Unicode.Scalar(UInt8(match.output.1, radix: 16)!))
            }
        }
        return false
    }

    @Test(
        "it is taken as the stored secret, or refused without being printed",
        arguments: ConnectorKind.allCases)
    func everyPlace(_ kind: ConnectorKind) throws {
        var takenCount = 0
        let escaped = Self.canary.utf8.map { "%" + String($0, radix: 16) }.joined()
        for url in Self.urls(kind) {
            for password in [Self.canary, escaped] {
                let url = url.replacing("<>", with: password)
                if try take(kind, url) { takenCount += 1 }
                let definition = ConnectorDefinition(name: "c", kind: kind, url: url)
                let failure = #expect(throws: Failure.self, "\(kind.rawValue) connects: \(url)") {
                    try ConnectorRegistry.all.makeConnector(definition, secret: nil)
                }
                #expect(!Self.shows("\(failure as Any)", Self.canary), "\(kind.rawValue): \(url)")
            }
        }
        // Where a URL names a server, user:password@ is a way to give the password.
        #expect((takenCount > 0) == (Self.schemes[kind] != nil))
    }

    /// True: the configuration took the password as the connector's secret.
    private func take(_ kind: ConnectorKind, _ url: String) throws -> Bool {
        let quoted = "'" + url.replacing("'", with: "''") + "'"
        let change: ConfigurationChange
        do throws(ConfigurationFaults) {
            change = try parse(
                connector("kind: \(kind.rawValue), url: \(quoted)"), reachableKinds: [kind])
        } catch {
            for fault in error.faults {
                #expect(!Self.shows("\(fault) \(fault.hint ?? "")", Self.canary), "\(url)")
                #expect(fault.hint != nil, "\(url)")
            }
            return false
        }
        #expect(!Self.shows(change.encode(), Self.canary), "\(kind.rawValue) keeps \(url)")
        #expect(change.storedSecrets["c"]?.contains(Self.canary) == true, "\(url)")
        return true
    }

    @Test("what is kept of a URL is read as itself", arguments: ConnectorKind.allCases)
    func isFixed(_ kind: ConnectorKind) throws {
        let form = kind.factory.form
        let given =
            Self.schemes[kind].map { scheme in
                [
                    "u:p%25@h/d", "u%40%2B%20%C3%A9@h:1/%64%24", "é@h.example_x-1:65535/d.é",
                    "u@[fe80::1]:9/d", "u@[::1]/d-~", "u@%68/d", "u@%2Frun%2Fpostgresql/d",
                    "u@h/d?sslcert=/a/b.pem",
                ].map { scheme + $0 }
            } ?? [
                "odbc:DSN=a", "odbc: Driver = {x y} ;; UID={DOMAIN\\u[p]}; server=tcp:h\\i,1",
                "odbc:driver=/a/b.so;DBQ=h:1/s", "odbc:DSN=a;DBQ=//h:1521/s:dedicated",
                "odbc:DSN=a;UID=;Port=1", "sqlite:///x y/é#.db", "file:a/b.db", "/a@b:c", "a.db",
            ]
        var readCount = 0
        for url in given {
            let first: ConnectorAddress
            do throws(ConnectorAddress.Fault) {
                first = try form.readAddress(url)
            } catch { continue }
            let second = try form.readAddress(first.url)
            #expect(second.url == first.url, "\(url)")
            #expect(second.password == nil, "\(url)")
            readCount += 1
        }
        #expect(readCount >= 2, "\(kind.rawValue)")
    }
}
