package import SegmentModel

/// The body of `change_parked`. What is nil or zero is left out.
extension ParkedChange: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            lane: try LaneKey(members: members),
            profile: ProfileOrdinal(try members.integer("profile")),
            position: try members.position("position"),
            query: try members.word("query"),
            reason: try members.word("reason"),
            attempt: try members.optionalInteger("attempt") ?? 0,
            errorCode: try members.optionalString("error_code"),
            targetCode: try members.optionalString("target_code"),
            errorMessage: try members.optionalString("error_message"),
            errorHint: try members.optionalString("error_hint"))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        lane.write(to: &json)
        json.member("profile", profile.rawValue)
        json.member("position", position.rawValue)
        json.member("query", query.rawValue)
        json.member("reason", reason.rawValue)
        if attempt != 0 { json.member("attempt", attempt) }
        if let errorCode { json.member("error_code", errorCode) }
        if let targetCode { json.member("target_code", targetCode) }
        if let errorMessage { json.member("error_message", errorMessage) }
        if let errorHint { json.member("error_hint", errorHint) }
        json.endObject()
        return json.text
    }
}

/// The body of `redrive_requested` and `parked_discarded`.
extension ParkedSelection: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            integration: try members.string("integration"),
            segment: try members.optionalInteger("segment_id", Int64.self).map { SegmentID($0) },
            profile: try members.optionalInteger("profile").map { ProfileOrdinal($0) })
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("integration", integration)
        if let segment { json.member("segment_id", segment.rawValue) }
        if let profile { json.member("profile", profile.rawValue) }
        json.endObject()
        return json.text
    }
}

/// The body of `delivery_started`.
extension DeliveryStart: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            lane: try LaneKey(members: members),
            cursor: try LaneCursor(try members.optionalObject("cursor")),
            size: try members.optionalInteger("size"),
            parked: try members.optionalPosition("parked"))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        lane.write(to: &json)
        json.key("cursor")
        cursor.write(to: &json)
        if let size { json.member("size", size) }
        if let parked { json.member("parked", parked.rawValue) }
        json.endObject()
        return json.text
    }
}

/// The body of `grade_recorded`.
extension GradeRecord: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            integration: try members.string("integration"), grade: try members.word("grade"),
            reason: try members.optionalString("reason"))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("integration", integration)
        json.member("grade", grade.rawValue)
        if let reason { json.member("reason", reason) }
        json.endObject()
        return json.text
    }
}
