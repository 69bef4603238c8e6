import ConnectorODBC
import Foundation
import SegmentModel
import Testing

@Suite("Connection strings of ODBC, and what a driver gets")
struct ODBCAddressTests {
    private static let keywords = ODBCKeyword.common.merging(["x": .word, "app": .name]) { $1 }

    @Test("A value is what stands between its braces, and goes back between them where it must")
    func braces() throws {
        let string = try ODBCConnectionString(
            parsing:
                "odbc: Driver = {ODBC Driver 18 for SQL Server} ;SERVER=db,1433;;UID={a[b]};x=",
            keywords: Self.keywords)
        #expect(string.value(of: "driver") == "ODBC Driver 18 for SQL Server")
        #expect(string.value(of: "Server") == "db,1433")
        #expect(string.value(of: "uid") == "a[b]")
        #expect(string.value(of: "x") == nil)
        #expect(string.value(of: "app") == nil)
        #expect(
            string.text(adding: [("PWD", " p{}; "), ("APP", "segledger")])
                == "Driver=ODBC Driver 18 for SQL Server;SERVER={db,1433};UID={a[b]};x=;"
                + "PWD={ p{}}; };APP=segledger")
    }

    @Test(
        "The guides list the keywords that a connector takes",
        arguments: [
            ("sqlserver", ODBCDialect.sqlServer.keywords), ("oracle", ODBCDialect.oracle.keywords),
        ])
    func documented(_ page: String, _ keywords: [String: ODBCKeyword]) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/guides/\(page).md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let start = try #require(text.firstRange(of: "Keywords, whose case does not matter:"))
        let list = text[start.upperBound...].prefix { $0 != "." }
        let listed = Set(list.matches(of: /`(\w+)`/).map { $0.1.lowercased() })
        #expect(listed == Set(keywords.keys))
    }

    @Test(
        "What is written is read back",
        arguments: ["", "a", "[a]", "a b", "é", "a@b", #"d\u"#, "_.-$#+~"])
    func roundTrip(_ value: String) throws {
        let text = "odbc:DSN=a;UID=" + ODBCConnectionString.quoted(value)
        let read = try ODBCConnectionString(parsing: text, keywords: Self.keywords)
        #expect(read.value(of: "uid") == (value.isEmpty ? nil : value))
    }
}
