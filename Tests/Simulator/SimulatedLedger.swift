import FrameCodec
import Ledger
import SegmentModel

/// A ledger in memory: each batch is a frame. Copies part where their events do.
final class SimulatedLedger: Ledger, @unchecked Sendable {  // all on one thread
    private struct Waiter {
        var number: Int
        var position: Position
        var process: ObjectIdentifier?
        var continuation: UnsafeContinuation<Bool, Never>
    }

    let identity: LedgerIdentity
    private(set) var frames: [Frame] = []
    private var framesOf: [SegmentID: [Int]] = [:]
    private(set) var profileIDs: [String] = []
    private var ordinals: [String: UInt32] = [:]
    private(set) var fieldNames: [String] = []
    private var fields: [UInt32: [UInt32: FieldValue]] = [:]
    /// Before each position, and at the end.
    private var digests: [UInt128] = [1]
    private var time = Timestamp(rawValue: 0)
    private var waiters: [Waiter] = []
    private var waiterCount = 0

    init(identity: LedgerIdentity) { self.identity = identity }

    /// A copy of the files, used in place.
    init(copying other: SimulatedLedger) {
        identity = other.identity
        frames = other.frames
        framesOf = other.framesOf
        profileIDs = other.profileIDs
        ordinals = other.ordinals
        fieldNames = other.fieldNames
        fields = other.fields
        digests = other.digests
        time = other.time
    }

    var end: Position { frames.last?.endPosition ?? Position(0) }
    var profileCount: Int { profileIDs.count }

    // MARK: Writing

    func append(_ batch: EventBatch) async throws -> AppendResult { append(now: batch) }

    @discardableResult
    func append(now batch: EventBatch) -> AppendResult {
        var result = AppendResult()
        guard !batch.events.isEmpty else { return result }
        var frame = Frame(
            firstPosition: end, firstOrdinal: UInt32(profileIDs.count),
            firstFieldName: UInt32(fieldNames.count))
        frame.bytes = batch.bytes
        let now = max(VirtualClock().now(), frames.last?.recordedAt ?? Timestamp(rawValue: 0))
        for event in batch.events { add(event, of: batch, at: now, to: &frame) }
        for event in frame.events {
            if event.kind.hasProfiles { result.changeCount += Int(event.ordinalCount) }
        }
        result.eventCount = frame.events.count
        result.firstPosition = frame.firstPosition
        result.lastPosition = frame.endPosition.predecessor
        for segment in Set(frame.events.filter { $0.kind.hasSegment }.map(\.segment)) {
            framesOf[segment, default: []].append(frames.count)
        }
        frames.append(frame)
        let ready = waiters.filter { $0.position < end }
        waiters.removeAll { $0.position < end }
        for waiter in ready { waiter.continuation.resume(returning: true) }
        return result
    }

    private func add(
        _ event: EventBatch.Event, of batch: EventBatch, at now: Timestamp, to frame: inout Frame
    ) {
        if !event.kind.isSystem { time = max(time, event.ownTime ?? now) }
        var new = Frame.Event(
            kind: event.kind, segment: event.segment, time: event.kind.isSystem ? now : time,
            recordedAt: now, ownTime: event.ownTime, eventID: event.eventID, body: event.body,
            firstOrdinal: UInt32(frame.ordinals.count), ordinalCount: 0,
            firstRecord: UInt32(frame.records.count), recordCount: 0)
        var named: [UInt32: [EventBatch.Profile]] = [:]
        for profile in batch.profiles[event.profileRange] {
            named[ordinal(of: profile, batch, &frame), default: []].append(profile)
        }
        for ordinal in named.keys.sorted() {
            frame.ordinals.append(ordinal)
            let changes = changes(named[ordinal]!, of: ordinal, batch, &frame)
            if changes.isEmpty { continue }
            frame.records.append(
                Frame.FieldRecord(
                    ordinal: ordinal, firstChange: UInt32(frame.changes.count),
                    changeCount: UInt32(changes.count)))
            frame.changes += changes
        }
        new.ordinalCount = UInt32(frame.ordinals.count) - new.firstOrdinal
        new.recordCount = UInt32(frame.records.count) - new.firstRecord
        frame.events.append(new)
        var hash = Digest(digests.last!)
        hash.add(UInt64(event.kind.rawValue), UInt64(bitPattern: event.segment.rawValue))
        hash.add(UInt64(bitPattern: now.rawValue), 0)
        hash.add(batch.bytes[event.body.range])
        for profile in batch.profiles[event.profileRange] {
            hash.add(batch.bytes[profile.id.range])
            for index in 0..<Int(profile.fieldCount) {
                let field = batch.fields[Int(profile.firstField) + index]
                hash.add(batch.bytes[field.name.range])
                hash.add(batch.bytes[field.value.range])
            }
        }
        digests.append(hash.value)
    }

    private func ordinal(
        of profile: EventBatch.Profile, _ batch: EventBatch, _ frame: inout Frame
    ) -> UInt32 {
        let id = batch.string(profile.id)
        if let known = ordinals[id] { return known }
        let ordinal = UInt32(profileIDs.count)
        ordinals[id] = ordinal
        profileIDs.append(id)
        frame.newProfiles.append(profile.id)
        return ordinal
    }

    /// Fields that get another value, by the number of their name.
    private func changes(
        _ profiles: [EventBatch.Profile], of ordinal: UInt32, _ batch: EventBatch,
        _ frame: inout Frame
    ) -> [Frame.FieldChange] {
        var changes: [UInt32: Frame.FieldChange] = [:]
        for profile in profiles {
            for index in 0..<Int(profile.fieldCount) {
                let field = batch.fields[Int(profile.firstField) + index]
                let name = number(of: batch.string(field.name), field.name, &frame)
                changes[name] = Frame.FieldChange(name: name, kind: field.kind, value: field.value)
            }
        }
        return changes.values.sorted { $0.name < $1.name }.filter { change in
            let value = batch.bytes[change.value.range].withUnsafeBytes {
                FieldValue(kind: change.kind, bytes: $0)
            }
            let old = fields[ordinal]?[change.name] ?? .null
            fields[ordinal, default: [:]][change.name] = value == .null ? nil : value
            return value != old
        }
    }

    private func number(
        of name: String, _ slice: EventBatch.Slice, _ frame: inout Frame
    ) -> UInt32 {
        if let known = fieldNames.firstIndex(of: name) { return UInt32(known) }
        fieldNames.append(name)
        frame.newFieldNames.append(slice)
        return UInt32(fieldNames.count - 1)
    }

    /// A process that waits for events is no more.
    func leave(_ process: SimulatedProcess) {
        let own = waiters.filter { $0.process == ObjectIdentifier(process) }
        waiters.removeAll { $0.process == ObjectIdentifier(process) }
        for waiter in own { waiter.continuation.resume(returning: false) }
    }

    // MARK: Reading

    func waitForEvent(at position: Position) async -> Bool {
        await waitForEvent(at: position, for: nil)
    }

    func waitForEvent(at position: Position, for process: SimulatedProcess?) async -> Bool {
        if position < end { return true }
        waiterCount += 1
        let number = waiterCount
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: false)
                    return
                }
                waiters.append(
                    Waiter(
                        number: number, position: position,
                        process: process.map { ObjectIdentifier($0) },
                        continuation: continuation))
            }
        } onCancel: {
            guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
            waiters.remove(at: index).continuation.resume(returning: false)
        }
    }

    func frame(containing position: Position) throws -> Frame? {
        guard position < end else { return nil }
        var (low, high) = (0, frames.count)
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].endPosition <= position { low = middle + 1 } else { high = middle }
        }
        return frames[low]
    }

    func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        let next = position.map { $0.advanced(by: 1) } ?? Position(0)
        return framesOf[segment]?.lazy.map { self.frames[$0] }.first { $0.endPosition > next }
    }

    func position(at moment: Moment) throws -> Position? {
        preconditionFailure("no simulation asks for a moment")
    }

    func fingerprint() throws -> Fingerprint {
        Fingerprint(position: end, digest: digests.last!)
    }

    func fingerprints(before positions: Set<Position>) throws -> [Position: Fingerprint] {
        Dictionary(
            uniqueKeysWithValues: positions.map {
                ($0, Fingerprint(position: $0, digest: digests[Int($0.rawValue)]))
            })
    }

    func ordinal(of profileID: String) -> ProfileOrdinal? {
        ordinals[profileID].map { ProfileOrdinal($0) }
    }
    func profileID(of ordinal: ProfileOrdinal) -> String { profileIDs[Int(ordinal.rawValue)] }
    func fieldName(_ number: UInt32) -> String { fieldNames[Int(number)] }
    func close() async throws {}
}

/// Two FNV-1a hashes (Fowler, Noll, Vo) side by side: histories are no forgers.
private struct Digest {
    private var halves: (UInt64, UInt64)

    init(_ value: UInt128) {
        halves = (UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64))
    }

    var value: UInt128 { UInt128(halves.1) << 64 | UInt128(halves.0) }

    mutating func add(_ first: UInt64, _ second: UInt64) {
        halves.0 = (halves.0 ^ first) &* 0x100_0000_01B3 ^ (second << 17)
        halves.1 = (halves.1 ^ second) &* 0x9E37_79B9_7F4A_7C15 ^ (first >> 3) ^ halves.0
    }

    mutating func add(_ bytes: some Collection<UInt8>) {
        add(UInt64(bytes.count), 1)
        for byte in bytes { add(UInt64(byte), 2) }
    }
}
