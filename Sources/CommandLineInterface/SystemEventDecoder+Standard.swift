internal import EventJSON
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import Sync

extension SystemEventDecoder {
    /// The bodies as EventJSON and Configuration write them.
    static var standard: SystemEventDecoder {
        SystemEventDecoder(
            description: { try SegmentDescription.decode($0) },
            configuration: { bytes in
                let change = try ConfigurationChange.decode(bytes)
                var set: [IntegrationChanges.Setting] = []
                var removed: [String] = []
                for (name, definition) in change.integrations {
                    if let definition {
                        set.append(
                            .init(
                                name: name, isActive: definition.isActive,
                                fields: RowFields(definition)))
                    } else {
                        removed.append(name)
                    }
                }
                return IntegrationChanges(set: set, removed: removed)
            },
            integrationName: { try IntegrationReference.decode($0).integration },
            receipt: { try Receipt.decode($0) },
            resyncRequest: { try ResyncRequest.decode($0) },
            resyncResult: { try ResyncResult.decode($0) },
            lane: { try LaneKey.decode($0) },
            parkedChange: { try ParkedChange.decode($0) },
            parkedSelection: { try ParkedSelection.decode($0) },
            deliveryStart: { try DeliveryStart.decode($0) },
            adoption: { try LaneAdoption.decode($0) },
            grade: { try GradeRecord.decode($0) })
    }
}
