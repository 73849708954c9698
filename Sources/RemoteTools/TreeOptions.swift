import ArgumentParser
import ImageStore
import ImageTree
import OCI
import ToolSupport

/// Options for the sources of layers, and for the cache of their listings.
struct TreeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read layers from here. Default: where the image came from. May be repeated.",
            valueName: "ref"))
    var from: [String] = []

    @Flag(
        name: .customLong("no-cache"),
        help: "Neither use nor keep listings of layers in $XDG_CACHE_HOME/ocinoco.")
    var isUncached = false

    /// - Throws: `ReferenceError`.
    func sources() throws(ReferenceError) -> [Reference] {
        try from.map { text throws(ReferenceError) in try parseReference(text) }
    }

    func lister(
        _ store: ImageStore, _ sources: [Reference], hashesContent: Bool = false,
        keepsTables: Bool = false, provesLater: Bool = false
    ) -> ImageLister {
        let directory = isUncached ? nil : ListingCache.defaultDirectory()
        return ImageLister(
            store, sources: sources,
            cache: directory.map { ListingCache($0, trace: store.trace) },
            hashesContent: hashesContent, keepsTables: keepsTables, provesLater: provesLater)
    }
}
