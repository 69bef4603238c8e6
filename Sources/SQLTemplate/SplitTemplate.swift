/// A template cut into text and tags.
struct SplitTemplate {
    /// The text between the tags, `{{` and `}}` already single.
    var literals: [UInt8] = []
    var pieces: [Piece] = []
    /// Where the distance between literal and source offsets changes.
    private var origins: [(literal: Int, source: Int)] = []

    mutating func append(_ byte: UInt8, at source: Int) {
        let isContinued =
            origins.last.map { literals.count - $0.literal == source - $0.source } ?? false
        if !isContinued {
            origins.append((literals.count, source))
        }
        literals.append(byte)
    }

    /// The statements with the source's offsets instead of the literals'.
    func located(_ statements: [QueryStatement]) -> [QueryStatement] {
        func located(_ name: QueryStatement.Name) -> QueryStatement.Name {
            var name = name
            name.offset = sourceOffset(ofLiteral: name.offset)
            return name
        }
        return statements.map { statement in
            var statement = statement
            statement.table = statement.table.map(located)
            statement.insertedColumns = statement.insertedColumns.map(located)
            statement.comparedColumns = statement.comparedColumns.map(located)
            statement.conflictColumns = statement.conflictColumns?.map(located)
            statement.assignedColumns = statement.assignedColumns.map(located)
            statement.rowColumns = statement.rowColumns.map(located)
            statement.segmentColumn = statement.segmentColumn.map(located)
            return statement
        }
    }

    /// The byte in the source that a literal byte comes from.
    func sourceOffset(ofLiteral offset: Int) -> Int {
        var low = 0
        var high = origins.count
        while low < high {
            let middle = (low + high) / 2
            if origins[middle].literal <= offset {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > 0 else { return offset }
        return origins[low - 1].source + offset - origins[low - 1].literal
    }
}
