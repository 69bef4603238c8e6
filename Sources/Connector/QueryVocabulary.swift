package import SQLTemplate
internal import SegmentModel

/// The words that an operator wrote: what may be printed of a target's message (INV-10), because it
/// stands in a query's own text and need not be a value.
///
/// Made when something failed, never on the way of a delivery. A word is known in the spelling that
/// it was written in, and all in small or in capital letters, as databases fold names.
package struct QueryVocabulary: Sendable {
    private static let wordByteCountMax = 256

    private var words: Set<String> = []
    private var folded: Set<String> = []
    /// Lines of the longest text: beyond these a line's number tells of values.
    private(set) var lineCount = 1

    /// - Parameter names: what else the operator wrote, such as the name of a database.
    package init(_ templates: [CompiledTemplate], names: [String] = []) {
        self.init(templates.flatMap(\.staticTexts) + names)
        for template in templates {
            let newlines = template.staticTexts.joined().utf8.count { $0 == UInt8(ascii: "\n") }
            lineCount = max(lineCount, 1 + newlines)
        }
    }

    /// - Parameter texts: each by itself, for what a word or a quote begins ends in it.
    package init(_ texts: [String]) {
        for text in texts {
            read(Array(text.utf8))
            lineCount = max(lineCount, 1 + text.utf8.count { $0 == UInt8(ascii: "\n") })
        }
        folded = Set(words.map { $0.lowercased() })
    }

    // MARK: Asking

    /// Whether a name, maybe qualified and maybe in quotes, stands in the operator's text.
    package func knowsName(_ name: some StringProtocol) -> Bool {
        guard name.utf8.count <= Self.wordByteCountMax, name.isPrintable else { return false }
        if knowsWord(name) { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            let plain = Self.unquoted(part)
            return knowsWord(plain) || Self.common.contains(String(plain)) || isDerived(plain)
        }
    }

    /// Whether all words of a signature, a type or an expression do; signs count as known.
    package func knowsWords(_ text: some StringProtocol) -> Bool {
        guard text.utf8.count <= Self.wordByteCountMax, text.isPrintable else { return false }
        return text.split { !Self.isWordCharacter($0) }.allSatisfy { word in
            knowsWord(word) || Self.common.contains(String(word))
        }
    }

    /// Whether a token of SQL stands in the operator's text: a word, a sign, a literal in quotes.
    package func knowsToken(_ token: some StringProtocol) -> Bool {
        token.utf8.count <= Self.wordByteCountMax && token.isPrintable && knowsWord(token)
    }

    private func knowsWord(_ word: some StringProtocol) -> Bool {
        let word = String(word)
        if words.contains(word) { return true }
        let small = word.lowercased()
        return folded.contains(small) && (word == small || word == word.uppercased())
    }

    /// `people_name_key`: what a database itself calls a constraint, of known words.
    private func isDerived(_ name: some StringProtocol) -> Bool {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        var known = parts[...]
        if known.last?.allSatisfy(\.isWholeNumber) == true { known.removeLast() }
        guard let suffix = known.popLast(), Self.suffixes.contains(String(suffix)) else {
            return false
        }
        return isJoined(known)
    }

    private func isJoined(_ parts: ArraySlice<some StringProtocol>) -> Bool {
        if parts.isEmpty { return true }
        return (1...parts.count).contains { count in
            knowsWord(parts.prefix(count).joined(separator: "_"))
                && isJoined(parts.dropFirst(count))
        }
    }

    private static let suffixes: Set<String> = [
        "pkey", "key", "fkey", "check", "excl", "idx", "ibfk", "null",
    ]

    private static func unquoted(_ part: some StringProtocol) -> Substring {
        // A text's own quotes may stand around the whole: then only one of a part's is left.
        var text = Substring(part)
        if let first = text.first, "\"`[".contains(first) { text = text.dropFirst() }
        if let last = text.last, "\"`]".contains(last) { text = text.dropLast() }
        return text
    }

    // MARK: Reading

    private static func isWordCharacter(_ character: Character) -> Bool {
        !character.isASCII || character.isLetter || character.isNumber || character == "_"
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Words, signs, and what stands between two quotes of a kind, whichever of them opens.
    private mutating func read(_ bytes: [UInt8]) {
        var index = 0
        while index < bytes.count {
            let start = index
            let isWord = Self.isWordByte(bytes[index])
            while index < bytes.count, Self.isWordByte(bytes[index]) == isWord,
                bytes[index] > UInt8(ascii: " ")
            {
                if !isWord { add(bytes[index...index]) }
                index += 1
            }
            add(bytes[start..<index])
            if index < bytes.count, bytes[index] <= UInt8(ascii: " ") { index += 1 }
        }
        for quote in "'\"`".utf8 {
            let places = bytes.indices.filter { bytes[$0] == quote }
            for (open, close) in zip(places, places.dropFirst()) {
                add(bytes[open...close])
                add(bytes[(open + 1)..<close])
            }
        }
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= Self.wordByteCountMax else { return }
        words.insert(String(decoding: bytes, as: UTF8.self))
    }

    /// Words that databases use themselves and that are nobody's secret: schemas, types, encodings.
    private static let common: Set<String> = Set(
        """
        public dbo main temp PRIMARY segledger_cursor \
        smallint integer bigint numeric decimal real double precision boolean text character \
        varying varchar char bytea uuid json jsonb jsonpath xml date time timestamp interval with \
        without zone inet cidr macaddr bit tsquery tsvector regclass regtype regproc name oid \
        money record unknown array point box line circle polygon path int2 int4 int8 float4 float8 \
        bpchar timestamptz timetz bool int int4range int8range numrange tsrange tstzrange \
        daterange hstore citext anyelement anyarray INSERT UPDATE DELETE SELECT MERGE TRUNCATE \
        VALUES UNION \
        CASE WHERE HAVING LIMIT OFFSET AND OR NOT \
        UTF8 UTF16 LATIN1 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 LATIN7 LATIN8 LATIN9 LATIN10 \
        SQL_ASCII WIN1250 WIN1251 WIN1252 WIN1253 WIN1254 WIN1255 WIN1256 WIN1257 WIN1258 WIN866 \
        WIN874 KOI8R KOI8U ISO_8859_5 ISO_8859_6 ISO_8859_7 ISO_8859_8 EUC_JP EUC_CN EUC_KR EUC_TW \
        EUC_JIS_2004 SHIFT_JIS_2004 SJIS BIG5 GBK GB18030 UHC JOHAB MULE_INTERNAL
        """.split(separator: " ").map(String.init))
}

extension CompiledQueries {
    /// What the operator wrote: the queries, and the connector's url.
    package var vocabulary: QueryVocabulary {
        QueryVocabulary(Array(templates.values), names: [connector.url])
    }
}

extension StringProtocol {
    /// Nothing that moves a cursor, forges a line or turns a text around.
    package var isPrintable: Bool {
        unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
                .unassigned:
                false
            default: true
            }
        }
    }
}
