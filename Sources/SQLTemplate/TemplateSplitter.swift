internal import SegmentModel

/// Cuts a template into text and tags.
///
/// `{` opens a tag only before a letter or `$`. `{{` and `}}` are literal braces. Any other brace
/// is text, and a brace that closes one of these is text too, so that `'{"a":{"b":1}}'` stays as
/// it is.
struct TemplateSplitter {
    private enum Brace {
        case single, doubled
    }

    private let source: [UInt8]
    private var index = 0
    private var textStart = 0
    private var textOffset = 0
    private var openBraces: [Brace] = []
    private var result = SplitTemplate()

    private init(source: [UInt8]) {
        self.source = source
    }

    static func split(_ source: [UInt8], _ diagnostics: inout Diagnostics) -> SplitTemplate {
        var splitter = TemplateSplitter(source: source)
        while splitter.index < source.count, !diagnostics.isFull {
            splitter.step(&diagnostics)
        }
        splitter.endText()
        return splitter.result
    }

    private mutating func step(_ diagnostics: inout Diagnostics) {
        let next: UInt8? = index + 1 < source.count ? source[index + 1] : nil
        switch source[index] {
        case UInt8(ascii: "{"):
            if next == UInt8(ascii: "{") {
                doubled(&diagnostics)
                openBraces.append(.doubled)
                take(2)
            } else if let next, next == UInt8(ascii: "$") || TagLexer.isLetter(next) {
                tag(&diagnostics)
            } else {
                openBraces.append(.single)
                take(1)
            }
        case UInt8(ascii: "}"):
            let isDoubled = next == UInt8(ascii: "}")
            switch openBraces.last {
            case .single:
                openBraces.removeLast()
                take(1)
            case .doubled where isDoubled:
                openBraces.removeLast()
                take(2)
            case .doubled: take(1)
            case nil: take(isDoubled ? 2 : 1)
            }
        default: take(1)
        }
    }

    /// Pages that show tags with doubled braces exist, and none of them would be one.
    private func doubled(_ diagnostics: inout Diagnostics) {
        guard let word = OriginalSyntax.tagWord(behindBracesAt: index, in: source) else { return }
        diagnostics.warning(
            "doubled_braces", at: index,
            "{{\(word) begins no tag: doubled braces are braces of the SQL",
            hint: "write {\(word)… with one brace, and close it with one")
    }

    /// Adds one byte of text that stands for `count` bytes of the source.
    private mutating func take(_ count: Int) {
        if textStart == result.literals.count {
            textOffset = index
        }
        result.append(source[index], at: index)
        index += count
    }

    private mutating func endText() {
        guard textStart < result.literals.count else { return }
        result.pieces.append(
            Piece(content: .text(textStart..<result.literals.count), offset: textOffset))
        textStart = result.literals.count
    }

    private mutating func tag(_ diagnostics: inout Diagnostics) {
        endText()
        let start = index
        var lexer = TagLexer(source: source, at: index + 1)
        let tokens: [TagToken]
        do {
            tokens = try lexer.tokens()
            index = lexer.index
        } catch {
            index = max(lexer.index, start + 1)
            diagnostics.error("syntax", at: error.offset, error.message, hint: error.hint)
            return
        }
        do {
            var parser = TagParser(tokens: tokens, tagOffset: start)
            result.pieces.append(Piece(content: .tag(try parser.parse()), offset: start))
        } catch {
            diagnostics.error(error.rule, at: error.offset, error.message, hint: error.hint)
        }
    }
}
