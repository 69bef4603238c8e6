/// One step of a dotted path: a member's name, and the item's number if it is one.
struct PathStep: Hashable, Sendable {
    let name: [UInt8]
    let index: Int?

    init(_ name: String) {
        self.name = Array(name.utf8)
        index = name.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(name) : nil
    }

    var text: String { String(decoding: name, as: UTF8.self) }
}

enum Comparison: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, contains, isIn
}

/// An expression as written, before names are resolved.
///
/// Trees are at most `Limits.templateDepthMax` deep: chains of `and` and `or` are flat.
indirect enum Syntax {
    case name(String, path: [PathStep], offset: Int)
    /// Without its `$`.
    case variable(String, path: [PathStep], offset: Int)
    case text([UInt8])
    case number([UInt8])
    case boolean(Bool)
    case call(String, arguments: [Syntax], offset: Int)
    case not(Syntax)
    case all([Syntax])
    case any([Syntax])
    case compare(Comparison, Syntax, Syntax)
    case exists(Syntax)

    /// Where it begins, if it begins with a name.
    var offset: Int? {
        switch self {
        case .name(_, _, let offset), .variable(_, _, let offset), .call(_, _, let offset): offset
        default: nil
        }
    }
}

/// One `{…}` as written.
enum Tag {
    case value(Syntax)
    case forLoop(index: String?, item: String, collection: Syntax)
    case ifBlock(Syntax)
    case elseIf(Syntax)
    case elseBlock
    case end
    case autocomma
    case batchIn([PathStep])
}

/// A piece of a template. `offset` is the byte in the source where it begins.
struct Piece {
    enum Content {
        /// A run of `SplitTemplate.literals`.
        case text(Range<Int>)
        case tag(Tag)
    }

    let content: Content
    let offset: Int
}
