# Peers two VPCs as a part of a Terraform configuration: applying waits until the peering is active and routed, or fails
# with the reason; destroying tears the peering down. It needs no provider, but the AWS CLI with credentials of the stack's
# InvokeRole, and start-and-wait.sh in the same folder.

terraform {
  required_version = ">= 1.4" # terraform_data
}

variable "state_machine_arn" {
  description = "The stack's output StateMachineArn."
  type        = string
}

variable "teardown_state_machine_arn" {
  description = "The stack's output TeardownStateMachineArn."
  type        = string
}

variable "ends" {
  description = "The fields that name the two ends: VpcId, PeerVpcId, and where they aren't the defaults Region, OwnerId, PeerRegion, PeerOwnerId."
  type        = map(string)
}

variable "options" {
  description = "Any other field of the request: Name, Tags, Routes, PeerRoutes, DnsResolution."
  type        = any
  default     = {}
}

variable "run" {
  description = "Change it to have a peering checked again that Terraform has recorded as set up."
  type        = string
  default     = ""
}

locals {
  # Keys are sorted, so the same request is always the same text, and the execution has the same name.
  request  = jsonencode(merge(var.options, var.ends))
  teardown = jsonencode(var.ends)
}

resource "terraform_data" "peering" {
  # When destroying, a provisioner may refer to nothing but its own resource.
  input = {
    machine          = var.state_machine_arn
    teardown_machine = var.teardown_state_machine_arn
    teardown         = local.teardown
  }

  # Other ends are another peering: the old one is torn down. Another option only runs the request again.
  triggers_replace = [local.teardown]

  provisioner "local-exec" {
    when    = destroy
    command = "printf %s \"$REQUEST\" | \"$SCRIPT\" -"
    environment = {
      SCRIPT            = "${path.module}/start-and-wait.sh"
      STATE_MACHINE_ARN = self.input.teardown_machine
      REQUEST           = self.input.teardown
      RUN_ID            = self.id
    }
  }
}

resource "terraform_data" "request" {
  triggers_replace = [terraform_data.peering.id, local.request, var.run]

  provisioner "local-exec" {
    command = "printf %s \"$REQUEST\" | \"$SCRIPT\" -"
    environment = {
      SCRIPT            = "${path.module}/start-and-wait.sh"
      STATE_MACHINE_ARN = terraform_data.peering.output.machine
      REQUEST           = local.request
      RUN_ID            = "${terraform_data.peering.id} ${var.run}"
    }
  }
}
