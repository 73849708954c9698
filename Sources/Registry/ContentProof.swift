import OCI

/// Whether a successful response proves that a registry has a blob or manifest.
///
/// The same rules apply to blobs and manifests, and to existence checks and uploads. A login page,
/// a portal or a proxy may answer with success, so the headers of the specification decide. A
/// missing header proves nothing and contradicts nothing: object stores send few of them.
///
/// - Spec: distribution-spec v1.1, Pulling blobs, Pushing blobs, Pushing Manifests.
enum ContentProof: Hashable {
    case proved
    /// The response neither proves nor denies it: the content must be read back.
    case open
    /// The contradiction in the response.
    case contradicted(String)

    /// - Parameters:
    ///   - response: to HEAD, with status 200.
    ///   - size: nil when it is unknown.
    init(ofHead response: HTTPResponse, _ digest: Digest, size: Int64?) {
        let stated = response.digest(like: digest)
        let length = response.headers["Content-Encoding"] == nil ? response.contentLength : nil
        if let stated, stated != digest {
            self = .contradicted("it has \(stated), not \(digest)")
        } else if let size, let length, length != size {
            self = .contradicted("\(length) bytes of \(digest), which has \(size)")
        } else if stated == nil, response.isWebPage {
            self = .contradicted("a web page, not \(digest)")
        } else {
            self = stated != nil || (size != nil && length != nil) ? .proved : .open
        }
    }

    /// - Parameter response: to PUT, or to POST that mounts a blob, with a status of success.
    init(ofStoring response: HTTPResponse, _ digest: Digest) {
        let stated = response.digest(like: digest)
        if let stated, stated != digest {
            self = .contradicted("it stored \(stated), not \(digest)")
        } else if stated == nil, response.isWebPage {
            self = .contradicted("a web page, and no word of \(digest)")
        } else {
            let isCreated = response.status == 201
            let hasPlace = response.headers["Location"] != nil
            self = isCreated && (stated != nil || hasPlace) ? .proved : .open
        }
    }
}

extension HTTPResponse {
    /// `Docker-Content-Digest`, if it has the same algorithm as `digest`.
    fileprivate func digest(like digest: Digest) -> Digest? {
        headers["Docker-Content-Digest"].flatMap { Digest($0) }
            .flatMap { $0.algorithm == digest.algorithm ? $0 : nil }
    }

    var contentLength: Int64? { headers["Content-Length"].flatMap { HeaderValue.number($0) } }
}
