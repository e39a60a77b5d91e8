"""HL7 FHIR's resource types (R4, R4B and R5) and interactions, as words that may stand in a path."""

from __future__ import annotations

from typing import Final

_RESOURCE_TYPES = """
    Account ActivityDefinition ActorDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance
    Appointment AppointmentResponse ArtifactAssessment AuditEvent Basic Binary BiologicallyDerivedProduct
    BiologicallyDerivedProductDispense BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
    ChargeItem ChargeItemDefinition Citation Claim ClaimResponse ClinicalImpression ClinicalUseDefinition CodeSystem
    Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition ConditionDefinition
    Conformance Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue
    Device DeviceAssociation DeviceComponent DeviceDefinition DeviceDispense DeviceMetric DeviceRequest DeviceUsage
    DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter
    EncounterHistory Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
    EvidenceReport EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag FormularyItem
    GenomicStudy Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingSelection ImagingStudy
    Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide Ingredient InsurancePlan
    InventoryItem InventoryReport Invoice Library Linkage List Location ManufacturedItemDefinition Measure
    MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationOrder
    MedicationRequest MedicationStatement MedicinalProductDefinition MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionIntake NutritionOrder NutritionProduct Observation ObservationDefinition
    OperationDefinition OperationOutcome Organization OrganizationAffiliation PackagedProductDefinition Parameters
    Patient PaymentNotice PaymentReconciliation Permission Person PlanDefinition Practitioner PractitionerRole
    Procedure Provenance Questionnaire QuestionnaireResponse RegulatedAuthorization RelatedPerson RequestGroup
    RequestOrchestration Requirements ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
    RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
    StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic Substance SubstanceDefinition
    SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
    SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestPlan TestReport TestScript
    Transport ValueSet VerificationResult VisionPrescription
"""
RESOURCE_TYPES: Final = frozenset(_RESOURCE_TYPES.split())

# What is about one person's care: FHIR R4's compartment of the patient (compartmentdefinition-patient.html), and the
# containers that hold such resources.
_OF_PATIENTS = """
    Account AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic BodyStructure CarePlan
    CareTeam ChargeItem Claim ClaimResponse ClinicalImpression Communication CommunicationRequest Composition
    Condition Consent Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue
    DeviceAssociation DeviceDispense DeviceRequest DeviceUsage DeviceUseStatement DiagnosticReport DocumentManifest
    DocumentReference Encounter EncounterHistory EnrollmentRequest EpisodeOfCare ExplanationOfBenefit
    FamilyMemberHistory Flag GenomicStudy Goal Group ImagingSelection ImagingStudy Immunization
    ImmunizationEvaluation ImmunizationRecommendation Invoice List MeasureReport Media MedicationAdministration
    MedicationDispense MedicationOrder MedicationRequest MedicationStatement MolecularSequence NutritionIntake
    NutritionOrder Observation Patient Person Procedure Provenance QuestionnaireResponse RelatedPerson RequestGroup
    RequestOrchestration ResearchSubject RiskAssessment Schedule ServiceRequest Specimen SupplyDelivery
    SupplyRequest Task VisionPrescription
"""
OF_PATIENTS: Final = frozenset(_OF_PATIENTS.split())

# The standard's operations (FHIR R4 and R5, operationslist.html; Bulk Data; SMART). Others are an implementer's own.
_OPERATIONS = """
    add apply batch care-gaps closure collect-data conforms convert current-canonical data-requirements document
    drug-catalog evaluate-measure everything expand export filter find find-matches follow-up graph graphql
    implements import import-pnr lastn list lookup match member-match merge meta meta-add meta-delete populate
    preferred-id process-message purge questionnaire remove resource-counts send-activity-log snapshot stats status
    submit submit-data subset subsumes transform translate validate validate-code versions viewdefinition-run
"""
OPERATIONS: Final = frozenset(_OPERATIONS.split())
