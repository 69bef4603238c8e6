internal import SegmentModel

/// Places where a value without quotes does something else than what was probably meant.
struct ValueAdvice {
    private static let comparingWords: Set<String> = [
        "WHERE", "ON", "AND", "OR", "NOT", "HAVING", "WHEN", "USING",
    ]
    private static let otherWords: Set<String> = [
        "SET", "UPDATE", "VALUES", "SELECT", "INSERT", "INTO", "THEN", "ELSE",
    ]

    let program: Program
    let tokens: [SQLToken]
    /// By instruction: where its tag stands in the source.
    let offsets: [Int]
    let dialect: SQLDialect

    func run(_ diagnostics: inout Diagnostics) {
        let values = program.instructions.indices.filter {
            if case .literal? = program.contexts[$0].placement { true } else { false }
        }
        let places = tokens.indices.filter {
            if case .value = tokens[$0].kind { true } else { false }
        }
        precondition(values.count == places.count, "each bare value has its token")
        for (instruction, place) in zip(values, places) {
            switch program.instructions[instruction] {
            case .batchIn: array(place, offsets[instruction], &diagnostics)
            case .value(let expression) where Self.isOpen(expression):
                guard isCompared(place) else { continue }
                diagnostics.warning(
                    "bare_comparison", at: offsets[instruction],
                    "a value without quotes is a number where the profile's field is one, which "
                        + "a column of texts meets by rules of the database: 0 equals every text "
                        + "on MySQL, and 1.10 equals no text 1.10 elsewhere",
                    hint: "write '{…}'")
            default: continue
            }
        }
    }

    /// Whether it can come as a number or as a text.
    private static func isOpen(_ expression: Expression) -> Bool {
        switch expression {
        case .field, .item, .selection(_, _, isList: false): true
        case .call(.first, _): true
        case .call(.default, let parts): parts.contains(where: isOpen)
        default: false
        }
    }

    private func word(_ place: Int) -> String? {
        guard tokens.indices.contains(place), tokens[place].kind == .word else { return nil }
        return String(decoding: program.literals[tokens[place].range], as: UTF8.self).uppercased()
    }

    private func isSymbol(_ place: Int, _ symbol: Character) -> Bool {
        tokens.indices.contains(place) && tokens[place].kind == .symbol(symbol.asciiValue ?? 0)
    }

    /// Behind a comparison of a condition, or the first in a list behind IN.
    private func isCompared(_ place: Int) -> Bool {
        if isSymbol(place - 1, "("), word(place - 2) == "IN" { return true }
        guard isSymbol(place - 1, "=") || isSymbol(place - 1, "<") || isSymbol(place - 1, ">"),
            !isSymbol(place - 2, ":"), !(isSymbol(place - 1, ">") && isSymbol(place - 2, "="))
        else { return false }
        for before in tokens.indices.prefix(place).reversed() {
            if isSymbol(before, ";") { return false }
            guard let word = word(before) else { continue }
            if Self.comparingWords.contains(word) { return true }
            if Self.otherWords.contains(word) { return false }
        }
        return false
    }

    /// `ARRAY[…]` of texts in quotes is an array of texts to PostgreSQL, and no array of numbers.
    private func array(_ place: Int, _ offset: Int, _ diagnostics: inout Diagnostics) {
        guard dialect.advice.hasArrays, isSymbol(place - 1, "["), word(place - 2) == "ARRAY",
            isSymbol(place + 1, "]"), !isSymbol(place + 2, ":"),
            !(isSymbol(place - 3, "(") && word(place - 4) == "CAST")
        else { return }
        diagnostics.warning(
            "untyped_array", at: offset,
            "without a type this is an array of texts, which no column of numbers is compared with",
            hint: "write the column's type behind it: ARRAY[{…}]::text[] or ARRAY[{…}]::bigint[]")
    }
}
