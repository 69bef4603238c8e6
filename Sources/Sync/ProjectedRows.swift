internal import Projection
internal import SegmentModel

extension SegmentRow {
    /// What the platform said of the segment, as scopes look at it.
    var said: SegmentDescription {
        SegmentDescription(name: name, databaseID: databaseID, tags: tags, groups: groups)
    }
}

extension SegmentRow {
    /// The same, where a lane may stand before the event `start`, from which on the projections
    /// note what its rows follow: its cursor is to pass that.
    func news(for fields: RowFields, from start: Position?) -> Position {
        let news = news(for: fields)
        guard let last = start?.predecessor, firstPosition <= last, deletedPosition == nil,
            !fields.all.isEmpty
        else { return news }
        return max(news, last)
    }

    /// The last event that a lane of the segment has to look at.
    func news(for fields: RowFields) -> Position {
        guard !fields.all.isEmpty, let lastRowChange else { return lastPosition }
        return max(lastPosition, lastRowChange)
    }
}

extension IntegrationRow.Stop {
    /// The stop as it was reported when it happened.
    var failure: Failure {
        let sentence = message ?? "the integration was stopped"
        return Failure(
            code.flatMap(Failure.Code.init(rawValue:)) ?? .targetRefused,
            targetCode.map { $0.isEmpty ? sentence : "\(sentence) (\($0))" } ?? sentence,
            hint: hint ?? "correct the reason, then run 'segledger integrations resume NAME'")
    }
}
