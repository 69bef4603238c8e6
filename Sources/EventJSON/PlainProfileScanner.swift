internal import SegmentModel

/// The fast path over an event's profiles: takes those of the shape
/// `{"id":"…","fields":{"…":…}}` that hold nothing unusual, many at a time.
///
/// Invariants:
/// - what it takes, the strict reader (`EventParser.parseProfile`) takes with the same outcome;
/// - at anything else (an escape, another order of keys, more white space than one blank, a limit,
///   a fault) it stops in front of that profile and keeps nothing of it: the rules beyond this
///   shape and every message live in the strict reader alone;
/// - it reads nothing behind the line and fills nothing behind the room (docs/decisions/0005).
struct PlainProfileScanner {
    /// Input that one run takes at most; a profile that is longer is left to the strict reader.
    static let windowByteCount = 64 << 10
    /// `{"id":"x"},` and `"x":1,`: no profile and no field of the input is shorter.
    private static let profileByteCountMin = 11
    private static let fieldByteCountMin = 6

    private let line: UnsafeRawBufferPointer
    /// Where the window ends.
    private let end: Int
    /// Knows what text beyond ASCII has to be.
    private let reader: JSONReader
    private var offset: Int
    private var names: PlainNames
    /// Profiles taken.
    private var count = 0

    private init(_ reader: JSONReader, _ names: PlainNames) {
        self.names = names
        self.reader = reader
        line = reader.bytes
        offset = reader.offset
        end = min(line.count, offset + PlainProfileScanner.windowByteCount)
    }

    /// Takes profiles from the reader's place on, the start of an element, and returns how many.
    /// The reader then stands behind the last.
    static func take(
        _ reader: inout JSONReader, names: inout PlainNames, into batch: inout EventBatch
    ) -> Int {
        var scanner = PlainProfileScanner(reader, names)
        let byteCount = scanner.end - scanner.offset
        // What is filled is never longer than what it was read from, but a store may touch more.
        batch.fill(
            byteCount: byteCount + PlainNames.byteCountMax,
            profileCount: byteCount / profileByteCountMin + 1,
            fieldCount: byteCount / fieldByteCountMin + 1
        ) { room in
            // Copies of its own stay in registers.
            var (running, filled) = (scanner, room)
            running.run(&filled)
            (scanner, room) = (running, filled)
        }
        names = scanner.names
        if scanner.count > 0 { reader.moveBehindValue(scanner.offset) }
        return scanner.count
    }

    @inline(__always)
    private mutating func run(_ room: inout BatchRoom) {
        var next = offset
        while true {
            let (byteCount, fieldCount) = (room.byteCount, room.fieldCount)
            guard takeProfile(&next, &room) else {
                room.byteCount = byteCount
                room.fieldCount = fieldCount
                names.removeAll()
                break
            }
            offset = next
            guard byte(next) == UInt8(ascii: ",") else { break }
            next += 1
            skipBlank(&next)
        }
        count = room.profileCount
    }

    @inline(__always)
    private mutating func takeProfile(
        _ next: inout Int, _ room: inout BatchRoom
    ) -> Bool {
        guard word(next) & 0xFF_FFFF_FFFF == 0x22_6469_227B else { return false }  // {"id"
        next += 5
        guard skipColon(&next), skip(UInt8(ascii: "\""), &next) else { return false }
        let idStart = room.byteCount
        guard copyString(&next, &room) else { return false }
        let id = room.slice(from: idStart)
        guard id.count > 0, id.count <= Limits.profileIDByteCountMax else { return false }
        let firstField = room.fieldCount
        if byte(next) == UInt8(ascii: ",") {
            next += 1
            skipBlank(&next)
            guard word(next) == 0x2273_646C_6569_6622 else { return false }  // "fields"
            next += 8
            guard skipColon(&next), takeFields(&next, &room) else { return false }
        }
        guard skip(UInt8(ascii: "}"), &next), next <= end else { return false }
        room.profiles[room.profileCount] = EventBatch.Profile(
            id: id, firstField: UInt32(truncatingIfNeeded: room.firstField + firstField),
            fieldCount: UInt32(truncatingIfNeeded: room.fieldCount - firstField))
        room.profileCount += 1
        return true
    }

    @inline(__always)
    private mutating func takeFields(
        _ next: inout Int, _ room: inout BatchRoom
    ) -> Bool {
        guard skip(UInt8(ascii: "{"), &next) else { return false }
        if skip(UInt8(ascii: "}"), &next) { return true }
        var index = 0
        while true {
            guard index < PlainNames.countMax, skip(UInt8(ascii: "\""), &next),
                let name = takeName(&next, at: index, &room), skipColon(&next),
                let field = takeValue(of: name, &next, &room)
            else { return false }
            room.fields[room.fieldCount] = field
            room.fieldCount += 1
            index += 1
            guard skip(UInt8(ascii: ","), &next) else { break }
            skipBlank(&next)
        }
        return skip(UInt8(ascii: "}"), &next)
    }

    /// A name up to its quote; stored unless the profile before had it in this place.
    @inline(__always)
    private mutating func takeName(
        _ next: inout Int, at index: Int, _ room: inout BatchRoom
    ) -> EventBatch.Slice? {
        guard next < end else { return nil }
        guard let name = readName(at: next), byte(next + name.count) == UInt8(ascii: "\"")
        else { return nil }
        let start = next
        next += name.count + 1
        if let slice = names.slice(of: name, at: index) { return slice }
        let (first, second, third, fourth) = name.words
        guard
            TextBlock.isASCII(first | second | third | fourth) || reader.isUTF8(start..<next - 1)
        else { return nil }
        let nameStart = room.byteCount
        room.put(first)
        if name.count > 8 {
            room.put(second, after: 8)
            room.put(third, after: 16)
            room.put(fourth, after: 24)
        }
        room.byteCount = nameStart + name.count
        let slice = room.slice(from: nameStart)
        return names.replace(at: index, name, slice: slice) ? slice : nil
    }

    /// The plain text that starts here, if it is 1 to 32 bytes long.
    @inline(__always)
    private func readName(at start: Int) -> PlainNames.Name? {
        var name = PlainNames.Name()
        var block = TextBlock(line, at: start)
        name.count = block.plainCount
        name.words.0 = block.prefix(name.count)
        if name.count < 8 { return name.count > 0 ? name : nil }
        guard start + 8 < end else { return nil }
        block = TextBlock(line, at: start + 8)
        name.count = 8 + block.plainCount
        name.words.1 = block.prefix(name.count - 8)
        if name.count < 16 { return name }
        guard start + 16 < end else { return nil }
        block = TextBlock(line, at: start + 16)
        name.count = 16 + block.plainCount
        name.words.2 = block.prefix(name.count - 16)
        if name.count < 24 { return name }
        guard start + 24 < end else { return nil }
        block = TextBlock(line, at: start + 24)
        name.count = 24 + block.plainCount
        name.words.3 = block.prefix(name.count - 24)
        return name
    }

    @inline(__always)
    private mutating func takeValue(
        of name: EventBatch.Slice, _ next: inout Int, _ room: inout BatchRoom
    ) -> EventBatch.Field? {
        let start = room.byteCount
        let kind: FieldKind
        switch byte(next) {
        case UInt8(ascii: "\""):
            next += 1
            guard copyString(&next, &room) else { return nil }
            kind = .text
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard copyNumber(&next, &room) else { return nil }
            kind = .number
        default:
            let letters = word(next)
            if letters & 0xFFFF_FFFF == 0x6575_7274 {  // true
                kind = .true
                next += 4
            } else if letters & 0xFFFF_FFFF == 0x6C6C_756E {  // null
                kind = .null
                next += 4
            } else if letters & 0xFF_FFFF_FFFF == 0x65_736C_6166 {  // false
                kind = .false
                next += 5
            } else {
                return nil
            }
        }
        return EventBatch.Field(name: name, kind: kind, value: room.slice(from: start))
    }

    // MARK: Text

    /// Copies a string up to its quote and moves behind it.
    @inline(__always)
    private mutating func copyString(_ next: inout Int, _ room: inout BatchRoom) -> Bool {
        let start = next
        var seen: UInt64 = 0
        while next < end {
            let block = TextBlock(line, at: next)
            let count = block.plainCount
            room.put(block.bytes)
            room.byteCount += count
            next += count
            if count == TextBlock.byteCount {
                seen |= block.bytes
                continue
            }
            guard byte(next) == UInt8(ascii: "\"") else { return false }
            next += 1
            seen |= block.prefix(count)
            return TextBlock.isASCII(seen) || reader.isUTF8(start..<next - 1)
        }
        return false
    }

    /// Copies a number without an exponent.
    @inline(__always)
    private func copyNumber(_ next: inout Int, _ room: inout BatchRoom) -> Bool {
        var place = next
        if byte(place) == UInt8(ascii: "-") { place += 1 }
        let first = byte(place)
        guard let whole = skipDigits(&place), whole == 1 || first != UInt8(ascii: "0") else {
            return false
        }
        if byte(place) == UInt8(ascii: ".") {
            place += 1
            guard skipDigits(&place) != nil else { return false }
        }
        let count = place - next
        var copied = 0
        while copied < count {
            room.put(word(next + copied), after: copied)
            copied += 8
        }
        room.byteCount += count
        next = place
        return true
    }

    /// Moves over digits and returns how many; nil if there is none.
    @inline(__always)
    private func skipDigits(_ place: inout Int) -> Int? {
        let start = place
        while byte(place) &- UInt8(ascii: "0") < 10 { place += 1 }
        return place > start ? place - start : nil
    }

    // MARK: Bytes

    /// The byte at a place; 0, which fits nowhere, behind the window.
    @inline(__always)
    private func byte(_ place: Int) -> UInt8 { place < end ? line[place] : 0 }

    /// Eight bytes, the first lowest; zeros where the window has fewer.
    @inline(__always)
    private func word(_ place: Int) -> UInt64 {
        guard end - place >= 8 else { return lastWord(place) }
        return UInt64(littleEndian: line.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    @inline(never)
    private func lastWord(_ place: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<max(0, end - place) {
            word |= UInt64(line[place + index]) << UInt64(8 * index)
        }
        return word
    }

    @inline(__always)
    private func skip(_ wanted: UInt8, _ next: inout Int) -> Bool {
        guard byte(next) == wanted else { return false }
        next += 1
        return true
    }

    @inline(__always)
    private func skipColon(_ next: inout Int) -> Bool {
        guard skip(UInt8(ascii: ":"), &next) else { return false }
        skipBlank(&next)
        return true
    }

    @inline(__always)
    private func skipBlank(_ next: inout Int) {
        if byte(next) == UInt8(ascii: " ") { next += 1 }
    }
}
