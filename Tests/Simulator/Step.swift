import EventJSON
import ProjectionModel
import SegmentModel

/// What happens in a history, one after the other.
enum Step {
    case append([PlatformEvent])
    case wait(milliseconds: Int)
    /// A worker is started and runs until it is stopped.
    case start
    case stop
    case crash
    case freeze
    case thaw
    /// A worker runs until nothing is left.
    case deliver
    case weather(rate: Int)
    case unreachable(Bool)
    case poison(profile: Int)
    case heal
    case deferred(Bool)
    case rowCountMax(Int)
    case takeSnapshot
    case goBack
    case emptyTarget
    case copyLedger
    /// A worker over the copy, which has an event of its own.
    case deliverCopy(PlatformEvent?)
    case pause(integration: Int)
    case resume(integration: Int)
    case resync(integration: Int, segment: Int?)
    case cancelResync(integration: Int)
    case redrive(integration: Int)
    case discard(integration: Int)
    case adopt(integration: Int)
    case resize(integration: Int, size: Int)
    case apply(integration: Int)
}

struct PlatformEvent: CustomStringConvertible {
    var kind: EventKind
    var segment: Int
    /// With the fields that it gives them; nil: none.
    var profiles: [(profile: Int, fields: (card: Int?, name: Int)?)] = []

    var description: String {
        let names = profiles.map { one in
            let fields = one.fields.map { fields in
                "(\(fields.card.map { "card \($0), " } ?? "")name \(fields.name))"
            }
            return "p\(one.profile)\(fields ?? "")"
        }
        return ([kind.name, "\(segment)"] + names).joined(separator: " ")
    }

    /// - Parameter sharesCards: several profiles have the same.
    func add(to batch: inout EventBatch, sharesCards: Bool) {
        let id = SegmentID(Int64(segment))
        if kind.hasProfiles {
            batch.append(
                kind, segment: kind.hasSegment ? id : SegmentID(0),
                profiles: profiles.map { one in
                    var fields: [(String, FieldValue)] = []
                    if let given = one.fields {
                        if let card = given.card {
                            let text = sharesCards ? "k\(card % 4)" : "p\(one.profile)-\(card)"
                            fields.append(("card", .text(text)))
                        }
                        fields.append(("name", .text("n\(given.name)")))
                    }
                    return ("p\(one.profile)", fields)
                })
        } else {
            let isDescribed = kind == .segmentCreated || kind == .segmentUpdated
            batch.append(
                kind, segment: id,
                body: isDescribed ? SegmentDescription(name: "s\(segment)").encode() : "")
        }
    }
}

/// Makes histories of seeds.
struct StepMaker {
    private var random: SeededGenerator
    private let isLog: Bool
    private var cardCount = 0

    init(seed: UInt64, isLog: Bool) {
        random = SeededGenerator(seed: seed ^ 0x5157)
        self.isLog = isLog
    }

    mutating func steps() -> [Step] {
        var steps: [Step] = [append()]
        let count = 5 + below(22)
        while steps.count < count {
            if below(4) == 0 { steps += scene() } else { steps.append(step()) }
        }
        return steps
    }

    private mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private mutating func append() -> Step { .append((0...below(3)).map { _ in event() }) }

    /// What seldom comes together by chance.
    private mutating func scene() -> [Step] {
        switch below(isLog ? 3 : 7) {
        case 0:
            let other: Step = below(2) == 0 ? .start : .deliver
            return [.start, append(), .freeze, append(), other, append(), .thaw]
        case 1: return [.start, append(), .crash, append()]
        case 2:
            return [.weather(rate: 100), append(), .deliver, append(), .deliver, .weather(rate: 0)]
        case 3: return [.copyLedger, append(), .deliver, .deliverCopy(event())]
        case 4: return [.takeSnapshot, append(), .deliver, .goBack, append()]
        case 5:
            let integration = below(2)
            return [
                .poison(profile: below(6)), append(), .deliver, append(), .deliver, .heal,
                .redrive(integration: integration), .deliver,
            ]
        default:
            return [
                .deliver, append(), .start, .resync(integration: below(2), segment: nil), .crash,
            ]
        }
    }

    private mutating func step() -> Step {
        switch below(100) {
        case 0..<36: return append()
        case 36..<42: return .wait(milliseconds: [1, 20, 500, 5000][below(4)])
        case 42..<48: return .start
        case 48..<51: return .stop
        case 51..<56: return .crash
        case 56..<58: return .freeze
        case 58..<60: return .thaw
        case 60..<67: return .deliver
        case 67..<71: return .weather(rate: [0, 10, 40, 100][below(4)])
        case 71: return .unreachable(below(2) == 0)
        default: return isLog ? .deliver : rareStep()
        }
    }

    private mutating func rareStep() -> Step {
        switch below(29) {
        case 0..<2: return .poison(profile: below(6))
        case 2: return .heal
        case 3: return .deferred(below(2) == 0)
        case 4: return .rowCountMax([1, 2, .max][below(3)])
        case 5..<8: return .takeSnapshot
        case 8..<10: return .goBack
        case 10: return .emptyTarget
        case 11..<13: return .copyLedger
        case 13..<15: return .deliverCopy(below(2) == 0 ? event() : nil)
        case 15: return .pause(integration: below(2))
        case 16..<18: return .resume(integration: below(2))
        case 18..<21: return .resync(integration: below(2), segment: below(2) == 0 ? below(3) : nil)
        case 21: return .cancelResync(integration: below(2))
        case 22..<24: return .redrive(integration: below(2))
        case 24: return .discard(integration: below(2))
        case 25: return .adopt(integration: below(2))
        case 26: return .resize(integration: below(2), size: 1 + below(4))
        default: return .apply(integration: below(2))
        }
    }

    private mutating func event() -> PlatformEvent {
        let segment = 1 + below(3)
        switch below(20) {
        case 0: return PlatformEvent(kind: .segmentCreated, segment: segment)
        case 1: return PlatformEvent(kind: .segmentUpdated, segment: segment)
        case 2 where !isLog: return PlatformEvent(kind: .segmentCleared, segment: segment)
        case 3 where !isLog: return PlatformEvent(kind: .segmentDeleted, segment: segment)
        case 4..<7 where !isLog:
            return PlatformEvent(kind: .profilesUpdated, segment: 0, profiles: profiles(1))
        case 7..<12:
            return PlatformEvent(
                kind: .profilesRemoved, segment: segment, profiles: profiles(8))
        default:
            return PlatformEvent(kind: .profilesAdded, segment: segment, profiles: profiles(2))
        }
    }

    /// - Parameter rarity: one of so many gives fields.
    private mutating func profiles(
        _ rarity: Int
    ) -> [(profile: Int, fields: (card: Int?, name: Int)?)] {
        var chosen: Set<Int> = []
        for _ in 0...below(4) { chosen.insert(below(6)) }
        return chosen.sorted().map { profile in
            guard below(rarity) == 0 else { return (profile, nil) }
            cardCount += 1
            return (profile, (card: below(2) == 0 ? cardCount : nil, name: below(3)))
        }
    }
}
