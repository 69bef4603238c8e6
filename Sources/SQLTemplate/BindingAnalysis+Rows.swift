/// What MariaDB's rows are asked for.
extension BindingAnalysis {
    /// Whether every value goes into a column as it is, and the loop, if there is one, writes the
    /// rows of VALUES.
    func isRowWise(_ statement: QueryStatement) -> Bool {
        guard plan.list == nil,
            !statement.words.contains(where: { Self.rowWiseRefusedWords.contains($0.text) })
        else { return false }
        var walk = TupleWalk(literals: program.literals)
        for (index, operation) in plan.operations.enumerated() {
            switch operation {
            case .text(let range): walk.take(range)
            case .inlined: walk.takeValue()
            case .shared, .column:
                guard walk.isAtColumn else { return false }
                walk.takeValue()
            case .loop: guard walk.isBehindValues, walk.depth == 0 else { return false }
            case .autocomma:
                guard walk.isBehindTuple, isTurnOver(behind: index) else { return false }
            case .list: return false
            case .loopEnd: guard walk.isBehindTuple else { return false }
            }
            if walk.isConfused { return false }
        }
        return walk.tupleCount == 1
    }

    private func isTurnOver(behind index: Int) -> Bool {
        for operation in plan.operations[(index + 1)...] {
            switch operation {
            case .loopEnd: return true
            case .text(let range):
                guard program.literals[range].allSatisfy(SQLLexer.isSpace) else { return false }
            default: return false
            }
        }
        return false
    }
}
