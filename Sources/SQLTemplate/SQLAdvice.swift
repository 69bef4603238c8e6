/// What a database reads once more, or does without a word, so that the compiler warns of it. Facts
/// of a kind, as the rest of `SQLDialect`.
package struct SQLAdvice: Sendable {
    /// What IGNORE does to rows.
    package struct Ignoring: Sendable {
        let effect: String
        let words: String
        /// How an INSERT ends instead.
        let instead: @Sendable (_ column: String) -> String

        package init(
            effect: String, words: String, instead: @escaping @Sendable (_ column: String) -> String
        ) {
            self.effect = effect
            self.words = words
            self.instead = instead
        }
    }

    /// An operator can be made of `//`.
    package var hasSlashOperators = false
    /// `ARRAY[…]` has the type of its items, and `{…}` is one's text.
    package var hasArrays = false
    /// Where in a column's text another one begins, from 1.
    package var place: @Sendable (_ text: String, _ column: String) -> String = {
        "instr(\($1), \($0))"
    }
    /// Types that read words such as `now` as a moment, in capitals, without TIME ZONE.
    package var momentTypes: Set<String> = []
    /// Functions that do, in capitals.
    package var momentFunctions: Set<String> = []
    /// Types, in capitals, that a cast cuts a longer text to without a word; true: also where no
    /// length is given.
    package var cuttingTypes: [String: Bool] = [:]
    /// What no text is cut to.
    package var wholeType = "text"
    /// nil: there is no IGNORE.
    package var ignoring: Ignoring?

    package init() {}
}
