import ConnectorODBC
import KindTesting
import OperatorConfiguration
import SegmentModel
import Testing

@Suite("Connection strings of ODBC")
struct ODBCConnectionStringTests {
    @Test("A value is what stands between its braces, and goes back between them where it must")
    func braces() throws {
        let string = try ODBCConnectionString(
            parsing:
                "odbc: Driver = {ODBC Driver 18 for SQL Server} ;SERVER=db,1433;;UID={a}}b;c};x=")
        #expect(string.value(of: "driver") == "ODBC Driver 18 for SQL Server")
        #expect(string.value(of: "Server") == "db,1433")
        #expect(string.value(of: "uid") == "a}b;c")
        #expect(string.value(of: "x") == nil)
        #expect(string.value(of: "app") == nil)
        #expect(
            string.text(adding: [("PWD", " p{}; "), ("APP", "segledger")])
                == "Driver=ODBC Driver 18 for SQL Server;SERVER={db,1433};UID={a}}b;c};x=;"
                + "PWD={ p{}}; };APP=segledger")
    }

    @Test(
        "What is written is read back",
        arguments: ["", "a", " a", "a ", "}", "{", "{}", "}}{{", ";", "=", "a}b;c", "é😀", "@!*?"])
    func roundTrip(_ value: String) throws {
        let text = "odbc:DSN=a;x=" + ODBCConnectionString.quoted(value)
        let read = try ODBCConnectionString(parsing: text).value(of: "x")
        #expect(read == (value.isEmpty ? nil : value))
    }

    @Test(
        "INV-10: a configuration with a password in a connection string is refused, not stored",
        arguments: [ConnectorKind.mssql, .oracle])
    func refusesPassword(_ kind: ConnectorKind) throws {
        for member in ["PWD=hunter2", "password = {hunter2}", "AccessToken=hunter2"] {
            let text = connector(
                "kind: \(kind.rawValue), url: 'odbc:DSN=a;\(member)', password: { env: X }")
            let faults = #expect(throws: ConfigurationFaults.self) {
                try parse(text, reachableKinds: [kind])
            }
            let fault = try #require(faults?.faults.first)
            #expect(fault.path == "connectors.c.url")
            #expect(!"\(fault)".contains("hunter2"))
        }
    }

    @Test("A configuration keeps the string as it is written")
    func keepsText() throws {
        let url = "odbc:Driver={FreeTDS};Server=db;UID=a@b://c"
        let change = try parse(
            connector("kind: mssql, url: '\(url)', password: { env: X }"), reachableKinds: [.mssql])
        #expect(change.connectors.first?.definition?.url == url)
    }
}
