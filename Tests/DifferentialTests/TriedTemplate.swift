import KindTesting
import SQLTemplate
import SegmentModel

/// A template of the regime, and how it is run.
struct TriedTemplate: Sendable {
    enum Frame: String, Sendable {
        /// Returns rows: all members' values side by side, or row by row.
        case select
        /// The same for each member by itself.
        case single
        /// Writes rows into `data`, which are read back.
        case insert
        /// Returns numbers of rows of `pool`.
        case condition
        /// Changes or deletes rows of `pool`; those are told.
        case change
    }

    var source: String
    var frame: Frame

    var mode: TemplateMode { frame == .single ? .individual : .batch }

    func compiled(for rules: SQLRules) -> CompiledTemplate? {
        TemplateCompiler(dialect: SQLDialect(rules))
            .compile(source, query: .addProfiles, mode: mode).template
    }
}

/// A piece of a template's source: a whole tag, `{{`, or another character outside of tags.
enum SourcePiece {
    static func pieces(of source: String) -> [String] {
        var pieces: [String] = []
        let scalars = Array(source.unicodeScalars)
        var index = 0
        while index < scalars.count {
            let isBrace = index + 1 < scalars.count && scalars[index...index + 1] == ["{", "{"]
            let end = isBrace ? index + 2 : tagEnd(scalars, index) ?? index + 1
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: scalars[index..<end])
            pieces.append(String(piece))
            index = end
        }
        return pieces
    }

    static func opensBlock(_ piece: String) -> Bool {
        piece.hasPrefix("{if ") || piece.hasPrefix("{for ")
    }

    /// Behind the tag that begins here; nil if none does.
    private static func tagEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
        guard scalars[start] == "{", start + 1 < scalars.count,
            scalars[start + 1] == "$" || scalars[start + 1].properties.isAlphabetic
        else { return nil }
        var isQuoted = false
        var index = start + 1
        while index < scalars.count {
            switch scalars[index] {
            case "\\" where isQuoted: index += 1
            case "\"": isQuoted.toggle()
            case "}" where !isQuoted: return index + 1
            default: break
            }
            index += 1
        }
        return nil
    }
}
