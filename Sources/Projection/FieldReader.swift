internal import GRDB
internal import SegmentModel

/// Reads the fields of profiles from their pages: one look into the file for each block and span of
/// positions, not for each profile.
struct FieldReader {
    private let newest: RowStatement
    private let numbered: RowStatement
    private let value: RowStatement
    /// The page at hand, and where it holds.
    private var block: UInt32?
    private var position: UInt64 = 0
    private var endPosition: UInt64 = 0
    private var page: [UInt8] = []
    private var index = FieldPageIndex()
    private var view = FieldView()

    init(_ database: Database) throws {
        newest = try RowStatement(
            database,
            """
            SELECT id, position, page FROM field_page WHERE id BETWEEN ? AND ?
            ORDER BY id DESC LIMIT 1
            """)
        numbered = try RowStatement(
            database, "SELECT id, position, page FROM field_page WHERE id = ?")
        value = try RowStatement(
            database,
            "SELECT value FROM field_value WHERE position = ? AND ordinal = ? AND name = ?")
    }

    /// Calls `body` with the profile's fields after a position, by name number. The bytes are valid
    /// during the call.
    mutating func read(
        _ ordinal: UInt32, asOf last: UInt64,
        _ body: (UInt32, FieldKind, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let block = FieldPage.block(of: ordinal)
        if self.block != block || last < position || last >= endPosition {
            try load(block, asOf: last)
        }
        let place = FieldPage.place(of: ordinal)
        view.removeAll()
        try page.withUnsafeBytes { page in
            var next = index.first(of: place)
            while let number = next, index[number].position <= last {
                try view.apply(index[number].fields, of: page)
                next = index.next(after: number)
            }
            for field in view.fields {
                if let position = field.outlyingPosition {
                    try withOutlyingValue(ordinal, field.name, position) {
                        try body(field.name, field.kind, $0)
                    }
                } else {
                    try body(
                        field.name, field.kind, UnsafeRawBufferPointer(rebasing: page[field.value]))
                }
            }
        }
    }

    /// Positions of the profile's records, ascending and distinct.
    mutating func changePositions(of ordinal: UInt32) throws -> [Position] {
        let block = FieldPage.block(of: ordinal)
        let place = FieldPage.place(of: ordinal)
        guard let count = try findNewest(block)?.number else { return [] }
        var positions: [Position] = []
        for number in 0...count {
            guard try load(block, number: number) else { throw FieldPage.damaged }
            try page.withUnsafeBytes { page in
                var scan = try FieldPageScan(page, position: position)
                var isBase = scan.isInBase
                while let entry = try scan.next() {
                    if !isBase, entry.place == place, positions.last?.rawValue != entry.position {
                        positions.append(Position(entry.position))
                    }
                    isBase = scan.isInBase
                }
            }
        }
        return positions
    }

    /// Calls `body` with the records of profiles of one block, from one position up to another.
    mutating func changes(
        of neighbours: ArraySlice<UInt32>, from start: UInt64, before end: UInt64,
        _ body: (UInt32, UInt64) throws -> Void
    ) throws {
        guard let first = neighbours.first else { return }
        let block = FieldPage.block(of: first)
        guard let last = try findNewest(block)?.number else { return }
        // The last page that begins before the position, as an event may stand in two pages; else
        // the first one.
        var (low, high) = (0 as UInt32, last)
        while low < high {
            let middle = high - (high - low) / 2
            if try startPosition(block, number: middle) < start {
                low = middle
            } else {
                high = middle - 1
            }
        }
        let base = first & ~UInt32(FieldPage.profileCount - 1)
        for number in low...last {
            guard try load(block, number: number) else { throw FieldPage.damaged }
            if position >= end { return }
            try page.withUnsafeBytes { page in
                var scan = try FieldPageScan(page, position: position)
                var isBase = scan.isInBase
                while let entry = try scan.next() {
                    let ordinal = base | UInt32(entry.place)
                    if !isBase, entry.position >= start, entry.position < end,
                        neighbours.contains(ordinal)
                    {
                        try body(ordinal, entry.position)
                    }
                    isBase = scan.isInBase
                }
            }
        }
    }

    // MARK: Pages

    /// Puts the page at hand that holds at a position; an empty one if the block has none then.
    private mutating func load(_ block: UInt32, asOf last: UInt64) throws {
        self.block = block
        page.removeAll(keepingCapacity: true)
        index.removeAll()
        (position, endPosition) = (0, .max)
        guard let newest = try takeNewest(block, asOf: last) else { return }
        // Pages are numbered without a gap, and their positions ascend.
        var (low, high) = (0 as UInt32, newest.number)
        endPosition = newest.position
        while low < high {
            let middle = low + (high - low) / 2
            let start = try startPosition(block, number: middle)
            if start <= last {
                low = middle + 1
            } else {
                high = middle
                endPosition = start
            }
        }
        guard low > 0 else { return }
        let end = endPosition
        guard try load(block, number: low - 1) else { throw FieldPage.damaged }
        endPosition = end
    }

    private func findNewest(_ block: UInt32) throws -> (number: UInt32, position: UInt64)? {
        bindNewest(block)
        return try newest.fetch {
            (UInt32(truncatingIfNeeded: newest.number(0)), UInt64(bitPattern: newest.number(1)))
        }
    }

    private func bindNewest(_ block: UInt32) {
        let rows = FieldPage.rows(of: block)
        newest.bind(0, rows.lowerBound)
        newest.bind(1, rows.upperBound)
    }

    /// Puts the block's newest page at hand; if it begins later than `last`, says where instead.
    private mutating func takeNewest(
        _ block: UInt32, asOf last: UInt64
    ) throws -> (number: UInt32, position: UInt64)? {
        bindNewest(block)
        defer { newest.reset() }
        guard try newest.next() else { return nil }
        let position = UInt64(bitPattern: newest.number(1))
        guard position <= last else {
            return (UInt32(truncatingIfNeeded: newest.number(0)), position)
        }
        try take(newest)
        return nil
    }

    /// Puts a page of the block at hand; false if there is none of that number.
    private mutating func load(_ block: UInt32, number: UInt32) throws -> Bool {
        self.block = block
        numbered.bind(0, FieldPage.rows(of: block).lowerBound | Int64(number))
        defer { numbered.reset() }
        guard try numbered.next() else { return false }
        try take(numbered)
        return true
    }

    private mutating func take(_ row: RowStatement) throws {
        position = UInt64(bitPattern: row.number(1))
        endPosition = .max
        page.removeAll(keepingCapacity: true)
        page.append(contentsOf: row.bytes(2))
        try index.build(page, position: position)
    }

    private func startPosition(_ block: UInt32, number: UInt32) throws -> UInt64 {
        numbered.bind(0, FieldPage.rows(of: block).lowerBound | Int64(number))
        guard let start = try numbered.fetch({ UInt64(bitPattern: numbered.number(1)) }) else {
            throw FieldPage.damaged
        }
        return start
    }

    private func withOutlyingValue(
        _ ordinal: UInt32, _ name: UInt32, _ position: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        value.bind(0, Int64(bitPattern: position))
        value.bind(1, Int64(ordinal))
        value.bind(2, Int64(name))
        guard try value.fetch({ try body(value.bytes(0)) }) != nil else { throw FieldPage.damaged }
    }
}
