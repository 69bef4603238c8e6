import EventJSON
import SegmentModel

// Target `event`: an NDJSON line as it comes from outside. Whatever the bytes are, the parser reads
// nothing behind them, the fast path gives what the strict reader gives, message for message, and
// what was taken stands inside the batch.

private let clock = Timestamp(rfc3339: "2026-03-12T12:00:00Z")!

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let (fast, fastFailure) = parse(input, usesFastPath: true)
    let (strict, strictFailure) = parse(input, usesFastPath: false)
    precondition(fastFailure == strictFailure, "another message")
    precondition(fast.events.count == strict.events.count, "another number of events")
    precondition(fast.profiles.count == strict.profiles.count, "another number of profiles")
    precondition(fast.fields.count == strict.fields.count, "another number of fields")
    precondition(fastFailure == nil || fast.bytes.isEmpty, "a refused line leaves bytes")
    precondition(fast.bytes.count <= count, "more bytes than the line has")
    for (one, other) in zip(fast.events, strict.events) {
        precondition(one.kind == other.kind && one.segment == other.segment, "another event")
        precondition(one.ownTime == other.ownTime, "another time")
        precondition(fast.bytes[one.eventID.range] == strict.bytes[other.eventID.range], "event_id")
        precondition(fast.bytes[one.body.range] == strict.bytes[other.body.range], "body")
        precondition(
            one.firstProfile == other.firstProfile && one.profileCount == other.profileCount,
            "other profiles")
    }
    for (one, other) in zip(fast.profiles, strict.profiles) {
        precondition(fast.bytes[one.id.range] == strict.bytes[other.id.range], "another id")
        precondition(
            one.firstField == other.firstField && one.fieldCount == other.fieldCount,
            "other fields")
    }
    for (one, other) in zip(fast.fields, strict.fields) {
        precondition(fast.bytes[one.name.range] == strict.bytes[other.name.range], "a name")
        precondition(one.kind == other.kind, "another kind")
        precondition(fast.bytes[one.value.range] == strict.bytes[other.value.range], "a value")
    }
    return 0
}

private func parse(
    _ line: UnsafeRawBufferPointer, usesFastPath: Bool
) -> (EventBatch, Failure?) {
    var parser = EventParser(clock: clock, usesFastPath: usesFastPath)
    var batch = EventBatch()
    do throws(Failure) {
        try parser.parseLine(line, number: 1, into: &batch)
        return (batch, nil)
    } catch {
        return (batch, error)
    }
}
