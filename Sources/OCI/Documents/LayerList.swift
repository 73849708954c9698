import JSON

extension Image {
    /// The layers, the lowest first, each with its diffID as an annotation: descriptors for
    /// `LayerAddition`.
    ///
    /// - Throws: `EditError` when the image contradicts itself; `JSONError` for its config.
    public func annotatedLayers() throws -> [Descriptor] {
        let config = try config()
        try config.checkLayers(of: manifest)
        return zip(manifest.layers, config.diffIDs).map { layer, diffID in
            var layer = layer
            layer[annotation: Annotation.uncompressed] = diffID.description
            return layer
        }
    }
}
