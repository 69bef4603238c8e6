import Audit
import Ledger
import SegmentModel
import Testing

@Suite struct ExactNameTests {
    @Test("INV-7: a profile's two fields whose names only look the same are two in its history")
    func fields() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        let names = ["caf\u{E9}", "cafe\u{301}", "\u{212A}", "K"]
        var batch = EventBatch()
        batch.append(
            .profilesAdded, segment: SegmentID(1), ownTime: nil, eventID: "",
            profiles: [
                (
                    id: "p",
                    fields: names.enumerated().map {
                        (name: $0.element, value: FieldValue.text("v\($0.offset)"))
                    }
                )
            ])
        batch.append(
            .profilesUpdated, segment: SegmentID(0), ownTime: nil, eventID: "",
            profiles: [(id: "p", fields: [(name: names[0], value: FieldValue.null)])])
        _ = try await ledger.append(batch)
        let history = try LedgerAudit(ledger).history(ofProfile: "p")
        let found = history.fields.map { (ExactText($0.name), $0.value) }
        #expect(found.count == 3)
        for (index, name) in names.enumerated().dropFirst() {
            #expect(found.contains { $0.0 == ExactText(name) && $0.1 == .text("v\(index)") })
        }
        try await ledger.close()
    }
}
