import Foundation
import OperatorConfiguration
import SegmentModel
import Testing

@Suite struct DocumentedConfigurationTests {
    private func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: root.appending(path: "docs/reference/configuration.md"), encoding: .utf8)
    }

    @Test("The examples of docs/reference/configuration.md are valid")
    func examples() throws {
        let blocks = try page().components(separatedBy: "```yaml\n").dropFirst()
        #expect(blocks.count == 3)
        for block in blocks {
            let change = try parse(try #require(block.components(separatedBy: "\n```").first))
            #expect(!change.isEmpty)
        }
    }

    @Test("docs/reference/configuration.md names every query, and every key that is written")
    func names() throws {
        let page = try page()
        let keys = [
            "kind", "url", "password", "tls.mode", "tls.ca_file", "connect_timeout",
            "statement_timeout", "pool_size", "allow_cleartext_password", "description", "active",
            "scope.database_id",
            "scope.segments", "connector", "batch", "batch.size", "batch.timeout", "queries",
            "member_key", "start", "updates",
        ]
        for name in keys + QueryKind.allCases.map(\.rawValue) {
            #expect(page.contains("| `\(name)` |"), "\(name)")
        }
    }
}
