import ByteStream
import Hashing
import OCI

extension RegistryRepository {
    /// The result of an existence check for a blob.
    enum Existence {
        case present
        case absent
        /// The registry does not answer this: only reading or sending the blob can tell.
        case unknown
    }

    /// Whether the repository has the blob; also true when only reading it can tell.
    ///
    /// - Spec: distribution-spec v1.1, Checking if content exists in the registry.
    public func hasBlob(_ digest: Digest) throws -> Bool {
        try existence(of: digest, size: nil) != .absent
    }

    /// As `hasBlob`, for a caller who is about to store the blob: with the token for that, and
    /// false when only storing it can tell.
    public func hasBlobBeforePush(_ blob: Descriptor) throws -> Bool {
        try existence(of: blob.digest, size: blob.size, pushing: true) == .present
    }

    /// - Throws: `RegistryError.violation` when the response is for other content.
    func existence(
        of digest: Digest, size: Int64?, pushing: Bool = false
    ) throws -> Existence {
        let call = try call("HEAD", "blobs/\(digest)", pushing: pushing)
        let response = try client.send(call)
        switch response.status {
        case 200:
            switch ContentProof(ofHead: response, digest, size: size) {
            case .proved: return .present
            case .contradicted(let problem): throw client.violation(call.request, problem)
            case .open:
                // A reader verifies the bytes itself.
                if !pushing { return .present }
                return try measuredSize(of: digest, pushing: true) == nil ? .absent : .present
            }
        case 404: return .absent
        case 405, 501: return .unknown
        // Storage URLs may be signed for GET only.
        case 400... where response.isRedirected: return .unknown
        default: throw client.refusal(call, response)
        }
    }

    /// The size of a blob in bytes.
    ///
    /// When the registry does not state it, the blob is read.
    ///
    /// - Returns: nil when there is no such blob.
    /// - Spec: distribution-spec v1.1, Checking if content exists in the registry.
    public func blobSize(_ digest: Digest) throws -> Int64? {
        let call = try call("HEAD", "blobs/\(digest)")
        let response = try client.send(call)
        switch response.status {
        case 200:
            if case .contradicted(let problem) = ContentProof(
                ofHead: response, digest, size: nil)
            {
                throw client.violation(call.request, problem)
            }
            if response.headers["Content-Encoding"] == nil, let size = response.contentLength {
                return size
            }
            return try measuredSize(of: digest, pushing: false)
        case 404: return nil
        case 405, 501: return try measuredSize(of: digest, pushing: false)
        case 400... where response.isRedirected:
            return try measuredSize(of: digest, pushing: false)
        default: throw client.refusal(call, response)
        }
    }

    /// Reads a blob to its end, hashes it and counts its bytes.
    ///
    /// - Returns: nil when there is no such blob.
    /// - Throws: `RegistryError.violation` when the bytes do not match the digest.
    private func measuredSize(of digest: Digest, pushing: Bool) throws -> Int64? {
        var call = try call("GET", "blobs/\(digest)", pushing: pushing)
        call.request.headers.add("Accept-Encoding", "identity")
        let measure = Measure()
        call.request.sink = { response in
            guard response.status == 200 else { return nil }
            measure.begin(digest.algorithm)
            return measure
        }
        let response = try client.send(call)
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw client.refusal(call, response) }
        guard let found = measure.finish(), found.digest == digest else {
            throw client.violation(call.request, "other bytes than those of \(digest)")
        }
        return found.size
    }
}

/// Hashes and counts what it gets, and keeps none of it.
private final class Measure: ByteSink {
    private var hash: StreamingDigest?

    /// Begins again, for another response.
    func begin(_ algorithm: Digest.Algorithm) { hash = StreamingDigest(algorithm) }

    func write(_ bytes: UnsafeRawBufferPointer) { hash?.update(bytes) }

    func finish() -> BlobIdentity? {
        hash.map { BlobIdentity(digest: $0.finalize(), size: $0.byteCount) }
    }
}
