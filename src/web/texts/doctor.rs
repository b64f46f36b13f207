//! The doctor's page. What the doctor finds is said by the doctor, as in the shell.

super::texts! {
    /// The doctor's page.
    Doctor {
        title: "Doctor",
        lead: "The server calls itself through its public address, as a browser would, and looks whether passwords, paths and uploads get through, whether files lie open, and whether databases and mail do their work. It makes a user of its own for that and removes it again. This takes some seconds.",
        address: "Address that is examined",
        other_address: "If browsers are given another address, set `server.public_url` first.",
        button: "Examine",
        again: "Examine again",
        result_title: "What was found",
        all_well: "Nothing is wrong.",
        some_remarks: "It works. Some things may not be what you want.",
        some_faults: "Something is wrong. What mends it stands below each fault.",
        fault: "fault",
        remark: "remark",
        skipped: "not tried",
        fine: "fine",
        busy: "An examination is running already. Please wait a moment.",
        no_address: "Your browser did not say by which address it came. Set `server.public_url`.",
        card_lead: "Does sync not work, or did you just set this server up? The doctor tries what a browser does, and names the line that mends each fault.",
    }
}
