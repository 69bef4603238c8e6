/// Lines with profiles of every kind that is near the fast path: mostly plain, now and then with
/// something that it has to leave to the strict reader.
struct LineGenerator {
    var random: SeededGenerator

    private static let start = #"{"type":"profiles_added","segment_id":7,"profiles":["#

    mutating func line() -> [UInt8] {
        var text = LineGenerator.start
        let odd = chance(3)
        let blanks = chance(4)
        for index in 0..<Int.random(in: 1...6, using: &random) {
            if index > 0 { text += blanks ? ", " : "," }
            text += profile(odd: odd && chance(3), blanks: blanks)
        }
        text += "]}"
        return Array(text.utf8)
    }

    /// True one time in `count`.
    private mutating func chance(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &random) == 0
    }

    private mutating func pick(_ texts: [String]) -> String {
        texts.randomElement(using: &random)!
    }

    private mutating func profile(odd: Bool, blanks: Bool) -> String {
        let (colon, comma) = blanks ? (": ", ", ") : (":", ",")
        let id = "\"id\"\(colon)\(string(odd: odd, lengths: [1, 7, 8, 9, 16, 40, odd ? 257 : 9]))"
        if chance(4) { return "{\(id)}" }
        var names = ["CustomID", "age", "vip", "a", "last_order_date_in_utc", "Ünï"]
        names += (0..<30).map { "f\($0)" }
        if odd { names += ["", "a", "q\\u0061", String(repeating: "n", count: 33)] }
        let count = pick(["0", "1", "1", "2", "4", odd ? "34" : "3"])
        var fields: [String] = []
        for number in 0..<Int(count)! {
            let name = chance(6) ? pick(names) : names[number % names.count]
            fields.append("\"\(name)\"\(colon)\(value(odd: odd))")
        }
        let object = "\"fields\"\(colon){\(fields.joined(separator: comma))}"
        if odd, chance(3) { return "{ \(object) , \(id) }" }
        return "{\(id)\(comma)\(object)}"
    }

    private mutating func value(odd: Bool) -> String {
        switch Int.random(in: 0..<(odd ? 9 : 6), using: &random) {
        case 0: pick(["true", "false", "null"])
        case 1: pick(["0", "-0", "7", "31", "11.77", "-1.5", "12345678", "1234567890123.25"])
        case 6: pick(["1e5", "1.", "01", "-", "-.5", "1.2E-3", ".5", "1x", "tru", "nul", "True"])
        case 7: pick(["[1, 2]", "{\"k\":[]}", "{\"k\":1,\"k\":2}", "[", "{}", "", "\"", "  1"])
        default: string(odd: odd, lengths: [0, 1, 6, 7, 8, 9, 15, 16, 17, 31, 33])
        }
    }

    private mutating func string(odd: Bool, lengths: [Int]) -> String {
        var text = String(repeating: "x", count: lengths.randomElement(using: &random)!)
        var pieces = ["é", "Я", "€", "😀", "'", "~", "\u{7F}", " "]
        if odd { pieces += ["\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\", "\"", "\u{1}"] }
        while chance(3) {
            let place = text.indices.randomElement(using: &random) ?? text.endIndex
            text.insert(contentsOf: pick(pieces), at: place)
        }
        return "\"\(text)\""
    }

    /// Changes a byte or a few; mostly behind the line's start, whose faults cost a search for the
    /// nearest name.
    mutating func mutate(_ line: inout [UInt8]) {
        let first = chance(16) ? 0 : LineGenerator.start.utf8.count
        let index = Int.random(in: first..<line.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: line[index] = UInt8.random(in: 0...255, using: &random)
        case 1: line.remove(at: index)
        case 2: line.insert("{}[]\",:\\0u \u{C3}".utf8.randomElement(using: &random)!, at: index)
        case 3: line.removeSubrange(index...)
        case 4: line.removeSubrange(index..<min(line.count, index + 12))
        default: line.insert(contentsOf: line[index..<min(line.count, index + 12)], at: index)
        }
    }
}
