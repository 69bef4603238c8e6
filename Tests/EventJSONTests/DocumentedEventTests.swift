import EventJSON
import Foundation
import SegmentModel
import Testing

@Suite struct DocumentedEventTests {
    private func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: root.appending(path: "docs/reference/events.md"), encoding: .utf8)
    }

    @Test("The examples of docs/reference/events.md are taken, and every type is among them")
    func examples() throws {
        var batch = EventBatch()
        for block in try page().components(separatedBy: "```ndjson\n").dropFirst() {
            let lines = try #require(block.components(separatedBy: "\n```").first)
            try parse(lines.components(separatedBy: "\n"), into: &batch)
        }
        #expect(
            Set(batch.events.map(\.kind)) == Set(EventKind.allCases.filter { !$0.isSystem }))
    }

    @Test("docs/reference/events.md names every type and every key")
    func names() throws {
        let page = try page()
        for name in EventKind.allCases.map(\.name) + EventKey.allCases.map(\.rawValue) {
            #expect(page.contains("`\(name)`"), "\(name)")
        }
    }
}
