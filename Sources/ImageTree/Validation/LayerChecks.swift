import ByteStream
import Hashing
import ImageStore
import JSON
import Layer
import OCI

/// The blobs of images to check, each once, several at a time.
struct LayerChecks {
    private struct Job: Sendable {
        let blob: Descriptor
        /// nil for a blob that need not be a layer.
        let diffID: Digest?
        let manifest: Digest
        let path: String
    }

    private var jobs: [Job] = []
    private var seen: Set<String> = []
    private var stacks: [(layers: [Digest], manifest: Digest)] = []

    /// - Parameters:
    ///   - diffID: the diffID of an image's layer; nil for other blobs.
    ///   - path: its field in the manifest.
    mutating func add(_ blob: Descriptor, diffID: Digest?, manifest: Digest, path: String) {
        let key = "\(blob.digest) \(blob.size) \(blob.mediaType) \(diffID?.description ?? "")"
        guard seen.insert(key).inserted else { return }
        jobs.append(Job(blob: blob, diffID: diffID, manifest: manifest, path: path))
    }

    /// Checks that layers can be applied on top of each other, when all of them are valid.
    mutating func addStack(of layers: [Digest], manifest: Digest) {
        stacks.append((layers, manifest))
    }

    private struct Outcome: Sendable {
        var faults: [ImageFault] = []
        /// nil for a blob that is no layer, or that cannot be read.
        var listing: LayerListing?
    }

    func run(in place: some ExaminedPlace, isFast: Bool) throws -> [ImageFault] {
        let outcomes = try concurrently(jobs) { job, _ in
            try LayerChecks.check(job, in: place, isFast: isFast)
        }
        var faults: [ImageFault] = []
        var listings: [Digest: LayerListing] = [:]
        for (job, outcome) in zip(jobs, outcomes) {
            faults += outcome.faults
            if let listing = outcome.listing { listings[job.blob.digest] = listing }
        }
        for stack in stacks {
            let layers = stack.layers.compactMap { listings[$0] }
            guard layers.count == stack.layers.count else { continue }
            var tree = ImageTree()
            do throws(ImageTreeError) {
                for layer in layers { try tree.apply(layer) }
            } catch {
                faults.append(ImageFault(stack.manifest.description, "layers", error.message))
            }
        }
        return faults
    }

    private static func check(
        _ job: Job, in place: some ExaminedPlace, isFast: Bool
    ) throws -> Outcome {
        var outcome = Outcome()
        do {
            try check(job, in: place, isFast: isFast, &outcome)
        } catch {
            guard let fault = ImageFault(job.blob.digest.description, error) else { throw error }
            outcome.faults.append(fault)
        }
        return outcome
    }

    private static func check(
        _ job: Job, in place: some ExaminedPlace, isFast: Bool, _ outcome: inout Outcome
    ) throws {
        let subject = job.blob.digest.description
        guard let size = try place.blobSize(job.blob.digest) else {
            // Non-distributable layers may be missing.
            if !job.blob.mediaType.isNondistributable {
                outcome.faults.append(
                    ImageFault(subject, "", "missing: \(job.path) of '\(job.manifest)'"))
            }
            return
        }
        var blob = job.blob
        if size != blob.size {
            outcome.faults.append(
                ImageFault(
                    subject, "",
                    "\(size) bytes, but \(job.path) of '\(job.manifest)' says \(blob.size)"))
            blob = try blob.withSize(size)
            // A truncated blob has no other digest to report, but with a wrong size in the manifest
            // the blob may be right all the same.
            if try isFast || !hasDigest(blob, in: place) { return }
        }
        if isFast { return }
        guard let diffID = job.diffID else { return try place.readBlob(blob, into: NullSink()) }
        let listing = try place.listing(of: blob, diffID: diffID, path: job.path)
        let (errors, count) = listing.refused
        outcome.faults += errors.compactMap { ImageFault(subject, $0) }
        if count > errors.count {
            outcome.faults.append(
                ImageFault(subject, "", "\(count - errors.count) more entries are refused"))
        }
        if count == 0 { outcome.listing = listing }
    }

    private static func hasDigest(_ blob: Descriptor, in place: some ExaminedPlace) throws -> Bool {
        do {
            try place.readBlob(blob, into: NullSink())
            return true
        } catch {
            if ImageFault("", error) == nil { throw error }
            return false
        }
    }
}

extension Descriptor {
    /// The same descriptor with another size.
    func withSize(_ size: Int64) throws(JSONError) -> Descriptor {
        var document = document
        document["size"] = .integer(size)
        return try Descriptor(JSONField(.object(document)))
    }
}

/// Discards bytes that are only checked.
private final class NullSink: ByteSink {
    func write(_ bytes: UnsafeRawBufferPointer) {}
}
