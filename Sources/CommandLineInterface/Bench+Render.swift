internal import Connector
internal import Glibc
internal import SQLTemplate
internal import SegmentModel

/// Rendering and checking templates.
extension Bench {
    private static let insert = """
        INSERT INTO mysegment (segId, clientId, updated) VALUES
        {for $index, $lead = $batch}({segment_id}, '{$lead.CustomID}', now()){autocomma}
        {end} ON CONFLICT (segId, clientId) DO UPDATE SET updated = now()
        """

    /// The batch insert of the guides for 1,000 profiles, and the check of a long template.
    func rendering() throws -> [BenchFigure] {
        let compiler = TemplateCompiler(
            dialect: try Composition.connectors.dialect(SQLRules("postgresql")))
        guard
            let template = compiler.compile(Self.insert, query: .addProfiles, mode: .batch)
                .template
        else { throw Failure(.templateInvalid, "bench: the insert does not compile") }
        let ids = (0..<1000).map { "C-\(100_000 + $0)" }
        let rows = Self.rows(ids)
        let scope = RenderScope(
            segmentID: SegmentID(42), segmentName: "VIP", integrationName: "bench",
            eventTime: Timestamp(rawValue: 0), position: Position(7), deliveryID: "bench")
        var output: [UInt8] = []
        let rate = try Self.rate(Double(seconds) / 2, byteCount: { output.count }) {
            do throws(RenderFailure) {
                try template.render(rows, scope, into: &output)
            } catch {
                throw Failure(.targetRefusedValues, error.message)
            }
        }
        var written: [UInt8] = []
        let ceiling = try Self.rate(Double(seconds) / 2, byteCount: { written.count }) {
            Self.writeByHand(ids, &written)
        }
        try Self.check(output == written, "the rendered insert")
        return [
            BenchFigure(
                what: "rendering, 1,000 profiles", value: rate / 1e6, unit: "MB/s of SQL",
                ceiling: ceiling / 1e6, ceilingName: "a loop written for this query"),
            try checking(compiler),
        ]
    }

    private static func rows(_ ids: [String]) -> RenderRows {
        var rows = RenderRows(slotCount: 1)
        rows.rowCount = ids.count
        for id in ids {
            let offset = UInt32(rows.bytes.count)
            rows.bytes += id.utf8
            rows.values.append(
                RenderRows.Value(
                    kind: .text,
                    bytes: EventBatch.Slice(offset: offset, count: UInt32(id.utf8.count))))
        }
        return rows
    }

    /// Bytes a second of this thread's processor time, so that neighbours do not count.
    private static func rate(
        _ seconds: Double, byteCount: () -> Int, _ body: () throws -> Void
    ) throws -> Double {
        let start = processorSeconds()
        var total = 0
        repeat {
            for _ in 0..<100 {
                try body()
                total += byteCount()
            }
        } while processorSeconds() - start < seconds
        return Double(total) / (processorSeconds() - start)
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func writeByHand(_ ids: [String], _ output: inout [UInt8]) {
        output.removeAll(keepingCapacity: true)
        output += "INSERT INTO mysegment (segId, clientId, updated) VALUES\n".utf8
        let (head, tail) = (Array("(42, '".utf8), Array("', now())".utf8))
        for (index, id) in ids.enumerated() {
            output += head
            for byte in id.utf8 {
                if byte == UInt8(ascii: "'") { output.append(byte) }
                output.append(byte)
            }
            output += tail
            if index + 1 < ids.count { output.append(UInt8(ascii: ",")) }
            output.append(UInt8(ascii: "\n"))
        }
        output += " ON CONFLICT (segId, clientId) DO UPDATE SET updated = now()".utf8
    }

    /// A template of some kilobytes with every construct in it.
    private func checking(_ compiler: TemplateCompiler) throws -> BenchFigure {
        let column = """
            {if $lead.a1 exists and ($lead.age > 30 or not $lead.vip)}'{upper($lead.a1)}'\
            {elseif "x" in $lead.tags}{date($lead.born "yyyy-MM-dd")}{else}NULL{end},
            """
        let source =
            "INSERT INTO t VALUES\n{for $i, $lead = $batch}({segment_id},\n"
            + String(repeating: column + "\n", count: 20) + "{$i}){autocomma}\n{end}"
        let start = Self.processorSeconds()
        var count = 0
        while Self.processorSeconds() - start < Double(seconds) / 4 {
            let compiled = compiler.compile(source, query: .addProfiles, mode: .batch)
            try Self.check(compiled.template != nil, "the long template")
            count += 1
        }
        return BenchFigure(
            what: "check of a template of \(source.utf8.count) bytes",
            value: (Self.processorSeconds() - start) / Double(count) * 1000, unit: "ms",
            ceiling: nil,
            ceilingName: nil)
    }
}
