package import EventJSON
internal import SegmentModel

/// The body of `configuration_applied`. Canonical: names in byte order, keys in one order, every
/// setting written out; equal changes give equal bytes. Secrets are not in it (INV-10).
///
/// It is a configuration file itself: `ConfigurationFile.parse` reads it.
extension ConfigurationChange: SystemEventBody {
    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("connectors")
        json.beginObject()
        for (name, definition) in connectors.sorted(by: { inByteOrder($0.name, $1.name) }) {
            json.key(name)
            if let definition { definition.write(to: &json) } else { json.null() }
        }
        json.endObject()
        json.key("integrations")
        json.beginObject()
        for (name, definition) in integrations.sorted(by: { inByteOrder($0.name, $1.name) }) {
            json.key(name)
            if let definition { definition.write(to: &json) } else { json.null() }
        }
        json.endObject()
        json.endObject()
        return json.text
    }

    package init(members: BodyMembers) throws(BodyFault) {
        self.init()
        for (name, members) in try members.entries("connectors") {
            guard let members else {
                connectors.append((name, nil))
                continue
            }
            connectors.append((name, try ConnectorDefinition(name: name, members: members)))
        }
        for (name, members) in try members.entries("integrations") {
            guard let members else {
                integrations.append((name, nil))
                continue
            }
            integrations.append((name, try IntegrationDefinition(name: name, members: members)))
        }
    }
}

private func inByteOrder(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
