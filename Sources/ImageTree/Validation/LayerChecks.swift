import ByteStream
import Hashing
import ImageStore
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

    private enum Outcome: Sendable {
        case fault(ImageFault)
        case listing(LayerListing)
        case good
    }

    func run(in place: some ExaminedPlace, isFast: Bool) throws -> [ImageFault] {
        let outcomes = try concurrently(jobs) { job, _ in
            try LayerChecks.check(job, in: place, isFast: isFast)
        }
        var faults: [ImageFault] = []
        var listings: [Digest: LayerListing] = [:]
        for (job, outcome) in zip(jobs, outcomes) {
            switch outcome {
            case .fault(let fault): faults.append(fault)
            case .listing(let listing): listings[job.blob.digest] = listing
            case .good: break
            }
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
        let subject = job.blob.digest.description
        do {
            return try outcome(job, in: place, isFast: isFast)
        } catch {
            guard let fault = ImageFault(subject, error) else { throw error }
            return .fault(fault)
        }
    }

    private static func outcome(
        _ job: Job, in place: some ExaminedPlace, isFast: Bool
    ) throws -> Outcome {
        let subject = job.blob.digest.description
        guard let size = try place.blobSize(job.blob.digest) else {
            // Non-distributable layers may be missing.
            if job.blob.mediaType.isNondistributable { return .good }
            return .fault(
                ImageFault(subject, "", "missing: \(job.path) of '\(job.manifest)'"))
        }
        guard size == job.blob.size else {
            return .fault(
                ImageFault(
                    subject, "",
                    "\(size) bytes, but \(job.path) of '\(job.manifest)' says \(job.blob.size)"))
        }
        if isFast { return .good }
        guard let diffID = job.diffID else {
            try place.readBlob(job.blob, into: NullSink())
            return .good
        }
        return .listing(try place.listing(of: job.blob, diffID: diffID, path: job.path))
    }
}

/// Discards bytes that are only checked.
private final class NullSink: ByteSink {
    func write(_ bytes: UnsafeRawBufferPointer) {}
}
