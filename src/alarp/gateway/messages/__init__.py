"""How do HL7 messages come in and go out? MLLP over TCP; what they mean is for `records.messages`."""
