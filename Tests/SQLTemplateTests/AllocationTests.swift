import CAllocationCount
import SQLTemplate
import SegmentModel
import Testing

@Suite struct AllocationTests {
    @Test("Rendering allocates nothing per profile")
    func perProfile() throws {
        let template = try Rendering().compile(
            """
            INSERT INTO t (s, c, n, v) VALUES
            {for $i, $l = $batch}({segment_id}, '{$l.CustomID}', {$l.age}, {$l.name}){autocomma}
            {end} ON CONFLICT DO NOTHING
            """)
        func count(_ rowCount: Int) throws -> Int {
            var rows = RenderRows(slotCount: template.fieldNames.count)
            rows.bytes = Array("O'Neil31".utf8)
            rows.rowCount = rowCount
            let text = RenderRows.Value(kind: .text, bytes: .init(offset: 0, count: 6))
            let number = RenderRows.Value(kind: .number, bytes: .init(offset: 6, count: 2))
            for _ in 0..<rowCount { rows.values += [text, number, text] }
            let scope = RenderScope(
                segmentID: SegmentID(42), segmentName: "VIP", integrationName: "crm",
                eventTime: Timestamp(rawValue: 0), position: Position(7), deliveryID: "d")
            var output: [UInt8] = []
            output.reserveCapacity(rowCount * 64)
            let before = allocation_count()
            try template.render(rows, scope, into: &output)
            return Int(allocation_count() - before)
        }
        let (few, many) = (try count(10), try count(10_000))
        // The buffer doubles while it grows.
        #expect(many - few <= 16, "\(few) allocations for 10 profiles, \(many) for 10,000")
    }

    @Test("Binding allocates nothing per profile, nor the text again")
    func perBoundProfile() throws {
        let template = try Rendering().compile(
            """
            INSERT INTO t (s, c, n, v) VALUES
            {for $i, $l = $batch}({segment_id}, '{$l.CustomID}', {$l.age}, '<{$l.name}>')\
            {autocomma}
            {end} ON CONFLICT DO NOTHING
            """)
        func count(_ rowCount: Int) throws -> Int {
            var rows = RenderRows(slotCount: template.fieldNames.count)
            rows.bytes = Array("O'Neil31".utf8)
            rows.rowCount = rowCount
            let text = RenderRows.Value(kind: .text, bytes: .init(offset: 0, count: 6))
            let number = RenderRows.Value(kind: .number, bytes: .init(offset: 6, count: 2))
            for _ in 0..<rowCount { rows.values += [text, number, text] }
            let scope = RenderScope(
                segmentID: SegmentID(42), segmentName: "VIP", integrationName: "crm",
                eventTime: Timestamp(rawValue: 0), position: Position(7), deliveryID: "d")
            var shapes = BoundShapes()
            _ = try #require(try template.renderBound(rows, scope, &shapes))
            let before = allocation_count()
            let query = try template.renderBound(rows, scope, &shapes)
            let count = Int(allocation_count() - before)
            #expect(query?.values.count == rowCount * 3)
            return count
        }
        let (few, many) = (try count(10), try count(10_000))
        // The buffer doubles while it grows.
        #expect(many - few <= 16, "\(few) allocations for 10 profiles, \(many) for 10,000")
    }
}
