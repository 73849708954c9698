import ByteStream
import Hashing
import ImageArchive
import ImageStore
import JSON
import OCI

/// Checks images document by document and blob by blob.
///
/// A problem of an image is a fault, and the check continues; a problem that prevents reading an
/// image is an error.
public struct ImageValidation {
    let store: ImageStore
    private let isFast: Bool
    private let report: ([ImageFault]) throws -> Void
    /// The faults that are not reported yet.
    var faults: [ImageFault] = []
    /// The number of faults that were reported.
    public private(set) var faultCount = 0
    /// The documents and blobs that were checked.
    var seen: Set<Digest> = []
    var layers = LayerChecks()
    /// The platforms of the images that were checked, and their configs.
    var platforms: [Digest: (platform: Platform, config: Digest)] = [:]
    /// The faults of platforms that were reported.
    var platformFaults: Set<ImageFault> = []

    /// - Parameters:
    ///   - isFast: whether only existence and size of blobs are checked.
    ///   - report: called with the faults of each image, layout or archive when it was checked, and
    ///     also before an error is thrown.
    public init(
        _ store: ImageStore, isFast: Bool, report: @escaping ([ImageFault]) throws -> Void
    ) {
        self.store = store
        self.isFast = isFast
        self.report = report
    }

    /// Checks the image of a reference, or a whole layout without a tag.
    ///
    /// - Throws: `StoreError` for a missing image, and what the place and `report` throw.
    public mutating func check(_ reference: Reference) throws {
        try reporting { (validation) in
            let place = ExaminedRepository(
                store: validation.store,
                repository: try validation.store.repository(for: reference))
            if case .layout(let layout) = reference {
                try validation.check(layout, in: place)
            } else {
                try validation.check(manifestOf: reference, in: place)
            }
            try validation.checkLayers(in: place)
        }
    }

    /// Checks the manifest of a reference, and what it leads to.
    mutating func check(manifestOf reference: Reference, in place: some ExaminedPlace) throws {
        do {
            try check(
                store.manifest(of: reference), in: place, depth: 0,
                isImage: !(reference.tag.map(DigestTag.matches) ?? false))
        } catch {
            try note(error, of: reference.digest?.description ?? reference.description)
        }
    }

    /// Checks an archive of Docker's format or of OCI's, in one pass.
    ///
    /// - Throws: `ArchiveError` for input that is not an archive or is truncated, and what `report`
    ///   throws.
    public mutating func check(archive input: InputStream) throws {
        try reporting { try $0.examine(archive: input) }
    }

    /// Runs `body`, and reports the faults that it has found when it returns or throws.
    private mutating func reporting(
        _ body: (inout ImageValidation) throws -> Void
    ) throws {
        let result = Result { try body(&self) }
        faultCount += faults.count
        try report(faults)
        faults = []
        try result.get()
    }

    private mutating func examine(archive input: InputStream) throws {
        let archive = try ExaminedArchive(input)
        let contents = archive.contents
        let index = contents.document(Array("index.json".utf8))
        let manifest = contents.document(Array("manifest.json".utf8))
        guard index != nil || manifest != nil else {
            throw ArchiveError.notAnArchive(path: input.path)
        }
        for fault in contents.faults where !fault.path.isBlob {
            try note(fault.error, of: fault.path.description)
        }
        let entries = try index.flatMap { try self.entries(of: $0, document: "index.json") } ?? []
        try check(entries, in: archive)
        if let manifest, entries.isEmpty {
            try checkDocker(manifest, in: archive)
        } else if let manifest {
            try checkNames(manifest, in: contents)
        }
        try checkLayers(in: archive)
    }

    /// Checks each image of a Docker archive up to its first fault, because without digests further
    /// faults cannot be located.
    private mutating func checkDocker(_ manifest: [UInt8], in archive: ExaminedArchive) throws {
        let docker = DockerArchive(archive.contents, archive.writer)
        do {
            let entries = try JSONField(JSON.parse(manifest)).elements()
            for (offset, entry) in entries.enumerated() {
                do {
                    let single = JSON.array([entry.value]).serialized()
                    for image in try docker.images(of: single, []) {
                        _ = try image.store()
                        try check(image.root, in: archive, depth: 0)
                    }
                } catch {
                    try note(error, of: "manifest.json[\(offset)]")
                }
            }
        } catch {
            try note(error, of: "manifest.json")
        }
    }

    /// Checks that the files that Docker's part of an archive names exist; index.json describes
    /// them.
    private mutating func checkNames(_ manifest: [UInt8], in contents: ArchiveContents) throws {
        let entries: [JSONField]
        do throws(JSONError) {
            entries = try JSONField(JSON.parse(manifest)).elements()
        } catch {
            return try note(error, of: "manifest.json")
        }
        for (offset, entry) in entries.enumerated() {
            do throws(JSONError) {
                let layers = try entry.member("Layers")?.elements() ?? []
                for field in try [entry.required("Config")] + layers {
                    let name = try field.string()
                    if contents.hasFile(Array(name.utf8)) { continue }
                    faults.append(
                        ImageFault("manifest.json[\(offset)]", "", "missing: \(name)"))
                }
            } catch {
                try note(error, of: "manifest.json")
            }
        }
    }

    /// Adds what `body` finds in a document.
    mutating func note(_ digest: Digest, _ body: (inout DocumentFaults) -> Void) {
        var document = DocumentFaults(of: digest.description)
        body(&document)
        faults += document.faults
    }

    private mutating func checkLayers(in place: some ExaminedPlace) throws {
        let read = try layers.run(in: place, isFast: isFast)
        faults += read
        layers = LayerChecks()
    }

    mutating func add(_ subject: Digest, _ path: String = "", _ problem: String) {
        faults.append(ImageFault(subject.description, path, problem))
    }

    /// - Throws: `error`, when it is not about the data.
    mutating func note(_ error: any Error, of subject: String) throws {
        guard let fault = ImageFault(subject, error) else { throw error }
        faults.append(fault)
    }
}

extension Path {
    /// Whether it is the path of a blob in the archive's layout, whose faults are reported by
    /// digest.
    fileprivate var isBlob: Bool { bytes.starts(with: Array("blobs/".utf8)) }
}
