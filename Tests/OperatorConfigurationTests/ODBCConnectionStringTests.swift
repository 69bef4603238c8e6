import KindTesting
import OperatorConfiguration
import SegmentModel
import Testing

@Suite("Connection strings of ODBC")
struct ODBCConnectionStringTests {
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

    @Test("A configuration keeps what was understood of the string")
    func keepsText() throws {
        let url = "odbc: Driver={FreeTDS} ; Server={db,1433};;UID=a@b"
        let change = try parse(
            connector("kind: mssql, url: '\(url)', password: { env: X }"), reachableKinds: [.mssql])
        #expect(
            change.connectors.first?.definition?.url
                == "odbc:Driver=FreeTDS;Server={db,1433};UID={a@b}")
    }
}
