/// Sources of a copy that are written together.
enum CopyRun {
    /// An archive that is unpacked.
    case archive(CopyArchive)
    /// Files and directories, in their order.
    case sources([CopySource])

    /// Splits sources at the archives, in their order.
    ///
    /// - Throws: `TarError` when a file cannot be read.
    static func runs(
        of sources: [CopySource], _ request: CopyRequest
    ) throws(TarError) -> [CopyRun] {
        guard request.unpacks || request.unpacksInline else { return [.sources(sources)] }
        var runs: [CopyRun] = []
        var plain: [CopySource] = []
        for source in sources {
            guard source.isInline ? request.unpacksInline : request.unpacks,
                let archive = try CopyArchive(source.tree)
            else {
                plain.append(source)
                continue
            }
            if !plain.isEmpty { runs.append(.sources(plain)) }
            plain = []
            runs.append(.archive(archive))
        }
        if !plain.isEmpty { runs.append(.sources(plain)) }
        return runs
    }
}
